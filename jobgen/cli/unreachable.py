"""What is said where there is no connection: for the log, so without the password."""

from __future__ import annotations

import re
from typing import Final

import psycopg

_OF_A_LIBRARY: Final = re.compile(r"\s*(postgres(?:ql)?\+\w+)://")
"""SQLAlchemy names the driver in its URLs."""
_QUOTED: Final = re.compile(r'''("="|option "\w+")|".*"''')
"""Parts of the DSN that libpq repeats; those in the group hold no secret."""


def reason(error: Exception, dsn: str | None) -> str:
    """In one line, with what to do; the error is one of connecting."""
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        if dsn is not None and (scheme := _OF_A_LIBRARY.match(dsn)):
            return (
                f"the DSN is not one: {scheme[1]}:// is for SQLAlchemy;"
                " write postgresql://"
            )
        return f"the DSN is not one: {_without_secrets(error)}"
    text = _one_line(error)
    advice = (
        "name another database or role with --dsn"  # the server is there, and refuses
        if "FATAL: " in text
        else "start it, or name another with --dsn"
    )
    return f"the database cannot be reached: {text}; {advice}"


def _without_secrets(error: psycopg.Error) -> str:
    """libpq repeats what it cannot read, which may hold the password."""
    return _QUOTED.sub(lambda found: found[1] or '"…"', _one_line(error))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
