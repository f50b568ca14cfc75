"""The statements that a worker sends, from the server's own log."""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg

from tests.servers import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One of them; its virtual transaction: the session, and the number in it."""

    session: int
    number: int
    application: str
    text: str


def log_statements(server: Server) -> None:
    """From now on; the server is one of the test's own."""
    with psycopg.connect(server.dsn(), autocommit=True) as conn:
        conn.execute("ALTER SYSTEM SET log_statement = 'all'")
        conn.execute("ALTER SYSTEM SET log_line_prefix = '@%v@%a@'")
        conn.execute("SELECT pg_reload_conf()")


def logged(server: Server) -> list[Statement]:
    """Those that were sent so far."""
    pattern = r"^@(\d+)/(\d+)@([^@]*)@LOG:  (?:statement|execute .*?): (.*?)(?=^@|\Z)"
    found = re.findall(pattern, server.log.read_text(), re.MULTILINE | re.DOTALL)
    return [
        Statement(
            session=int(session),
            number=int(number),
            application=application,
            text=text,
        )
        for session, number, application, text in found
    ]


def of_fetching(server: Server) -> int:
    """How many the fetch loops have sent so far."""
    return _sent_by(server, "jobgen worker ")


def of_workers(server: Server) -> int:
    """How many all connections of the workers have sent so far."""
    return _sent_by(server, "jobgen ")


def _sent_by(server: Server, prefix: str) -> int:
    return sum(each.application.startswith(prefix) for each in logged(server))
