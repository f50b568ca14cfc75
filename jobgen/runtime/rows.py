"""The result of a statement, loaded row by row where a value refuses to load.

psycopg's `fetchall` gives up the whole result for one such value (a date
`infinity`, for instance); here the row fails alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple
from uuid import UUID

from psycopg import DataError
from psycopg.abc import AdaptContext
from psycopg.adapt import Transformer
from psycopg.pq import Format
from psycopg.pq.abc import PGresult

from jobgen.runtime.cursor import SqlRow

UNLOADABLE: Final = (DataError, ValueError, OverflowError)
"""What psycopg raises for a value that Python has none for."""


_SAMPLE: Final = 8
"""Rows that are looked at to tell how large they are."""


class Unloadable(NamedTuple):
    """A row of which only the id, column 0, can be told."""

    id: int | UUID
    reason: str


class Rows:
    """All rows of one result, in the server's order."""

    def __init__(self, result: PGresult, context: AdaptContext) -> None:
        self._result = result
        self._loader = Transformer(context)
        self._loader.set_pgresult(result)

    def __len__(self) -> int:
        return self._result.ntuples

    @property
    def size(self) -> int:
        """About how many bytes a row has, as it came: the mean of a few of them."""
        count = self._result.ntuples
        if not count:
            return 0
        looked_at = range(0, count, max(count // _SAMPLE, 1))
        fields = range(self._result.nfields)
        get = self._result.get_value
        total = sum(len(get(row, at) or b"") for row in looked_at for at in fields)
        return total // len(looked_at)

    def all(self) -> list[SqlRow]:
        """Every row. Raises one of `UNLOADABLE` where one cannot be loaded."""
        return self._loader.load_rows(0, self._result.ntuples, tuple)

    def row(self, position: int) -> SqlRow:
        """The row that stands there. Raises as `all` does."""
        row = self._loader.load_row(position, tuple)
        assert row is not None, "there is such a row"
        return row

    def first(self) -> SqlRow | None:
        return self.row(0) if self._result.ntuples else None

    def each(self) -> Iterator[SqlRow | Unloadable]:
        """Every row, or what can be said of it instead."""
        for position in range(self._result.ntuples):
            try:
                row = self.row(position)
            except UNLOADABLE as error:
                yield Unloadable(self._id(position), str(error))
            else:
                yield row

    def _id(self, position: int) -> int | UUID:
        raw = self._result.get_value(position, 0)
        assert raw is not None, "an id is never NULL"
        loader = self._loader.get_loader(
            self._result.ftype(0), Format(self._result.fformat(0))
        )
        found: int | UUID = loader.load(raw)
        return found
