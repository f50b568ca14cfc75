"""The files of migrations, and the chain of checksums that holds them together.

Stage: migrate. Pure. Each checksum covers its file and all before it, so a file that
is edited, removed, or that a merge put in between, is seen where it is; and two
branches that both add one meet in `checksums`, where version control says so. Line
ends are no part of a text: a checkout may change them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

NAME = re.compile(r"([0-9]{4,})_[a-z0-9_]+\.sql")
"""Of a migration's file; the number says its place."""

CHECKSUMS = "checksums"
"""The file that lists the others."""

_LINE = re.compile(r"([0-9a-f]{64})  (\S+)")

TWO_BRANCHES = (
    "take the files, 'checksums' and 'snapshot.json' of the branch that others have"
    " already, remove what the other one added, and write that again with 'jobgen"
    " migrate new'"
)
"""What to do where two branches both added migrations."""

_CONFLICT = re.compile(r"(?m)^(?:<{7}|>{7}) ")


def has_conflict(text: str) -> bool:
    """Whether version control has left both sides of a merge in a file."""
    return _CONFLICT.search(text) is not None


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
        before = _link(before, name, text)
        found.append(Migration(name=name, text=text, checksum=before))
    return tuple(found)


def _link(before: str, name: str, text: str) -> str:
    text = text.replace("\r\n", "\n")
    return hashlib.sha256(f"{before}\0{name}\0{text}".encode()).hexdigest()


def checksums(chain: Iterable[Migration]) -> str:
    """The text of the file `checksums`."""
    return "".join(f"{each.checksum}  {each.name}\n" for each in chain)


def verified(files: Mapping[str, str], written: str) -> tuple[Migration, ...] | Broken:
    """The chain of `files`, by name, if it is the one that `checksums` has."""
    listed = _listed(written)
    if isinstance(listed, Broken):
        return listed
    names = sorted(files, key=_place)
    chain = linked((name, files[name]) for name in names)
    found = tuple((each.checksum, each.name) for each in chain)
    if found != listed and found == tuple(sorted(listed, key=_place_of)):
        return _unlike("its lines are not in the order of their numbers")
    beside = _beside(files, listed)
    if beside is not None:
        return beside
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


_Listed: TypeAlias = tuple[tuple[str, str], ...]
"""Checksums and names."""


def _listed(written: str) -> _Listed | Broken:
    """What the lines of `checksums` say."""
    lines = written.splitlines()
    found = [_LINE.fullmatch(line) for line in lines]
    for number, match in enumerate(found, 1):
        if match is None:
            return _unlike(f"line {number} is not as jobgen wrote it")
    listed = tuple((match[1], match[2]) for match in found if match is not None)
    if len({name for _, name in listed}) < len(listed):
        return _unlike("it lists a file twice")
    return listed


def _unlike(message: str) -> Broken:
    help = "bring the file back from version control"
    return Broken(file=CHECKSUMS, message=message, help=help)


def _beside(files: Mapping[str, str], listed: _Listed) -> Broken | None:
    """A migration that another branch wrote after a file that is no longer the last."""
    before = "", *(checksum for checksum, _ in listed)
    for place, (checksum, name) in enumerate(listed):
        text = files.get(name)
        if text is None or checksum == _link(before[place], name, text):
            continue
        for other in range(place):
            if checksum == _link(before[other], name, text):
                return Broken(
                    file=name,
                    message="another branch wrote this migration, beside"
                    f" {listed[other][1]}",
                    help=TWO_BRANCHES,
                )
    return None


def _unlisted(name: str) -> Broken:
    return Broken(
        file=name,
        message="this migration is not in 'checksums'",
        help="remove it, and write it with 'jobgen migrate new' after the others",
    )


def _place(name: str) -> tuple[int, str]:
    match = NAME.fullmatch(name)
    return (int(match[1]) if match else 0, name)


def _place_of(line: tuple[str, str]) -> tuple[int, str]:
    return _place(line[1])


def next_number(chain: Iterable[Migration]) -> int:
    """Of the next file, from 1."""
    return max((_place(each.name)[0] for each in chain), default=0) + 1
