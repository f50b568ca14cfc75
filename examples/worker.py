"""What `jobgen worker examples.worker:handlers` runs, set up by the environment.

DATABASE_URL   the database; without it, libpq's PG* variables
MAILDIR        where mail is delivered           (var/Maildir)
MAIL_FROM      who writes it                     (shop@shop.example)
CHARTS         where charts are drawn            (var/charts)
WEBHOOK_URL    what relative webhook URLs mean   (http://localhost:8080/)
"""

import os
from functools import partial
from pathlib import Path

import generated_example as jobs
from examples.contacts import import_contacts
from examples.mail import Mailer
from examples.prune import Pruner
from examples.report import Reporter
from examples.webhook import WebhookSender

_DSN = os.environ.get("DATABASE_URL", "")
_CHARTS = Path(os.environ.get("CHARTS", "var/charts"))

_mailer = Mailer(
    maildir=Path(os.environ.get("MAILDIR", "var/Maildir")),
    sender=os.environ.get("MAIL_FROM", "shop@shop.example"),
)
_reporter = Reporter(dsn=_DSN, charts=_CHARTS)
_webhooks = WebhookSender(
    base_url=os.environ.get("WEBHOOK_URL", "http://localhost:8080/")
)

handlers = jobs.handlers(
    send_mail=_mailer.send,
    render_report=_reporter.render,
    post_webhook=_webhooks.post,
    import_contacts=partial(import_contacts, _DSN),
    prune_charts=Pruner(charts=_CHARTS),
)
