"""The files of migrations, and the chain of checksums that holds them together.

Stage: migrate. Pure. Each checksum covers its file and all before it, so a file that
is edited, removed, or that a merge put in between, is seen where it is; and two
branches that both add one meet in `checksums`, where version control says so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NAME = re.compile(r"([0-9]{4,})_[a-z0-9_]+\.sql")
"""Of a migration's file; the number says its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file; `checksum` covers those before it too."""

    name: str
    text: str
    checksum: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Why the files are not those that were written, and what to do."""

    file: str
    message: str
    help: str


def linked(files: Iterable[tuple[str, str]]) -> tuple[Migration, ...]:
    """Files in their order, by name and text, as a chain."""
    found: list[Migration] = []
    before = ""
    for name, text in files:
        before = hashlib.sha256(f"{before}\0{name}\0{text}".encode()).hexdigest()
        found.append(Migration(name=name, text=text, checksum=before))
    return tuple(found)


def checksums(chain: Iterable[Migration]) -> str:
    """The text of the file `checksums`."""
    return "".join(f"{each.checksum}  {each.name}\n" for each in chain)


def verified(files: Mapping[str, str], written: str) -> tuple[Migration, ...] | Broken:
    """The chain of `files`, by name, if it is the one that `checksums` has."""
    names = sorted(files, key=_place)
    chain = linked((name, files[name]) for name in names)
    listed = [line.split("  ", 1) for line in written.splitlines()]
    for place, (checksum, name) in enumerate(listed):
        if name not in files:
            return Broken(
                file=name,
                message="this migration is missing",
                help="bring it back: databases may have been made by it",
            )
        if chain[place].name != name:
            return _unlisted(chain[place].name)
        if chain[place].checksum != checksum:
            return Broken(
                file=name,
                message="this migration is not as it was written",
                help="bring it back as it was, and change the schema by a new one",
            )
    if len(chain) > len(listed):
        return _unlisted(chain[len(listed)].name)
    return chain


def _unlisted(name: str) -> Broken:
    return Broken(
        file=name,
        message="this migration is not in 'checksums'",
        help="remove it, and write it with 'jobgen migrate new' after the others",
    )


def _place(name: str) -> tuple[int, str]:
    match = NAME.fullmatch(name)
    return (int(match[1]) if match else 0, name)


def next_number(chain: Iterable[Migration]) -> int:
    """Of the next file, from 1."""
    return max((_place(each.name)[0] for each in chain), default=0) + 1
