"""The statements that a worker sends, from the server's own log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import psycopg

from tests.servers import Server

_ENTRY: Final = re.compile(
    r"(\d+)/(\d+)@([^@]*)@LOG:  (?:statement|execute [^:]*): (.*)", re.DOTALL
)


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
    # The server indents all lines of an entry but the first.
    entries = re.split("^@", server.log.read_text(), flags=re.MULTILINE)
    return [each for each in map(_statement, entries) if each is not None]


def _statement(entry: str) -> Statement | None:
    found = _ENTRY.match(entry)
    if found is None:
        return None
    session, number, application, text = found.groups()
    return Statement(
        session=int(session),
        number=int(number),
        application=application,
        text=text,
    )


def of_fetching(server: Server) -> list[str]:
    """What the fetch loops have sent so far."""
    return _sent_by(server, "jobgen worker ")


def of_workers(server: Server) -> list[str]:
    """What all connections of the workers have sent so far."""
    return _sent_by(server, "jobgen ")


def _sent_by(server: Server, prefix: str) -> list[str]:
    return [each.text for each in logged(server) if each.application.startswith(prefix)]
