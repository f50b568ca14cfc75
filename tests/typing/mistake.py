"""A mistake as the tests write it: the wrong code and the right code in one text."""

import re
from dataclasses import dataclass
from typing import Final

PREAMBLE: Final = """\
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

import psycopg

import generated_example as jobs
from jobgen.runtime import DEFAULT, Cancel, JsonValue, Outcome, Retry, Snooze


async def send_mail(job: jobs.SendMailJob) -> None: ...
async def render_report(job: jobs.RenderReportJob) -> Snooze | None: ...
async def post_webhook(job: jobs.PostWebhookJob) -> Outcome | None: ...
def import_contacts(job: jobs.ImportContactsJob) -> Cancel | None: ...


class Pruner:
    def __call__(self, job: jobs.PruneChartsJob) -> None: ...


"""

_CHOICE = re.compile(r"«(?P<wrong>.*?)→(?P<right>.*?)»", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """`mypy` and `pyright` are parts of what they must say about it."""

    name: str
    code: str
    """What follows the preamble; `«a→b»` is `a` by mistake, and should be `b`."""
    mypy: str
    pyright: str

    def module(self, kind: str) -> str:
        """The name of the module that is `wrong` or `right`."""
        return f"{kind}_{re.sub(r'[^a-z]+', '_', self.name.lower())}"

    @property
    def wrong(self) -> str:
        """The module with the mistake."""
        return PREAMBLE + _CHOICE.sub(r"\g<wrong>", self.code)

    @property
    def right(self) -> str:
        """The module without it."""
        return PREAMBLE + _CHOICE.sub(r"\g<right>", self.code)
