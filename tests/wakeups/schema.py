"""The job of the stress, and its server."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import psycopg

from tests.emit.schemas import files, write
from tests.servers import Server

PACKAGE: Final = "wakeup_jobs"

_SCHEMA: Final = """\
jobgen: 1
package: wakeup_jobs
output: ../wakeup_jobs
jobs:
  task:
    columns: {note: {type: text, default: none}}
    concurrency: 64
"""


def install(dsn: str, home: Path) -> None:
    """The tables in the database, and the package in the directory."""
    package = files(_SCHEMA)
    write(package, home / PACKAGE)
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(package["schema.sql"].encode())


def allow_prepared_transactions(server: Server) -> None:
    """The server is one of the test's own: it is restarted."""
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute("ALTER SYSTEM SET max_prepared_transactions = 64")
    server.restart()
