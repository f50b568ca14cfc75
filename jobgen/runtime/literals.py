"""PostgreSQL's text form of arrays and ranges.

A bulk INSERT sends one array for each column and unnests it. unnest takes
arrays of arrays apart to the last element, so such a value travels as the text
of its literal, which a cast turns back.
"""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import BaseConnection
from psycopg.adapt import AdaptersMap, PyFormat, Transformer
from psycopg.pq import Format

from jobgen.runtime.adapters import ADAPTERS


class _Context:
    """psycopg's adaptation without a connection: UTF-8, and our own adapters."""

    @property
    def adapters(self) -> AdaptersMap:
        return ADAPTERS

    @property
    def connection(self) -> BaseConnection[object] | None:
        return None


def literals(dump: str, values: Iterable[object]) -> list[str | None]:
    """The literal of each value, None for NULL; `dump` is psycopg's type name."""
    dumper = Transformer(_Context())
    dumper.set_dumper_types([ADAPTERS.types.get_oid(dump)], Format.TEXT)
    found: list[str | None] = []
    for value in values:
        (data,) = dumper.dump_sequence((value,), (PyFormat.TEXT,))
        found.append(None if data is None else bytes(data).decode("utf-8"))
    return found
