"""The files of a schema, in memory."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from jobgen.schema.files import File, Unreadable


class Memory:
    """Files by path; the names of those that were read are kept in order."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.reads: list[str] = []

    def find(self, path: str, beside: str) -> File | Unreadable:
        name = posixpath.normpath(posixpath.join(posixpath.dirname(beside), path))
        return File(name=name, identity=name)

    def read(self, file: File) -> bytes | Unreadable:
        self.reads.append(file.name)
        if file.name not in self.files:
            return Unreadable(message=f"there is no file {file.name}")
        return self.files[file.name]
