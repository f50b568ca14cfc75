"""The files of a schema, as whoever reads them shows them to the loader.

Stage: schema. The loader opens nothing itself: it asks a `Files` for what
`include` names, so that a schema split over files can come from anywhere.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class File(NamedTuple):
    """`name` is what diagnostics carry; files of equal `identity` are the same."""

    name: str
    identity: str


class Unreadable(NamedTuple):
    """Why a file cannot be part of the schema, and what to do about it.

    beside: the names of the schema files there, where the one that is named is not.
    """

    message: str
    help: str | None = None
    beside: tuple[str, ...] = ()


class Files(Protocol):
    """Finds and reads files; reports what the outside world refuses as a value."""

    def find(self, path: str, beside: str) -> File | Unreadable:
        """The file at `path`, relative to the file that is named `beside`."""
        ...

    def read(self, file: File) -> bytes | Unreadable:
        """All of a file, or enough of it to see that it is too large."""
        ...


class NoFiles:
    """For a schema that stands alone."""

    def find(self, path: str, beside: str) -> File | Unreadable:
        return Unreadable(message=f"beside {beside} no other file can be read")

    def read(self, file: File) -> bytes | Unreadable:
        return Unreadable(message=f"{file.name} cannot be read")
