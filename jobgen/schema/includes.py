"""The files that `include` names, and those that they name in turn → their nodes.

Stage: schema, between nodes and model. Each file is read once, depth first, in
the order in which it is named. What is found wrong stands at the entry that
names the file, or in the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple

from jobgen.schema.compose import compose
from jobgen.schema.diagnostics import Gatherer, Span, shown
from jobgen.schema.fields import Fields
from jobgen.schema.files import File, Files, Unreadable
from jobgen.schema.grammar import ONLY_IN_ROOT
from jobgen.schema.grammar import Included as Keys
from jobgen.schema.kinds import describe, expected, is_null
from jobgen.schema.nodes import Broken, Entry, Mapping, Scalar, Sequence
from jobgen.schema.paths import problem_in
from jobgen.schema.source import MAX_BYTES, decode, readable
from jobgen.schema.version import is_readable

_ONLY_IN_ROOT = frozenset(key.name for key in ONLY_IN_ROOT)


class Included(NamedTuple):
    """One file: its text, empty where it cannot be read, and what it adds."""

    name: str
    text: str
    enums: Mapping | None = None
    jobs: Mapping | None = None


class Inclusion(NamedTuple):
    """All included files in order; not `complete` where one could not be read."""

    files: tuple[Included, ...] = ()
    complete: bool = True


class _Entry(NamedTuple):
    """An entry of a list `include`, and the files above it, the root first."""

    node: Scalar
    above: tuple[File, ...]


def load_includes(
    node: Sequence | None, root: File, size: int, files: Files, found: Gatherer
) -> Inclusion:
    """Follows the list `include` of the file `root`, which has `size` bytes."""
    walk = _Walk(root, size, files, found)
    walk.follow(node, (root,))
    return Inclusion(files=tuple(walk.read), complete=walk.complete)


class _Walk:
    """Goes from file to file with a stack of its own in place of recursion."""

    def __init__(self, root: File, size: int, files: Files, found: Gatherer) -> None:
        self.read: list[Included] = []
        self.complete = True
        self._root = root
        self._bytes = size
        self._files = files
        self._found = found
        self._first: dict[str, Span] = {}  # where each file was first named

    def follow(self, node: Sequence | None, above: tuple[File, ...]) -> None:
        left = self._entries(node, above)
        while left:
            entry = left.pop()
            file = self._find(entry)
            if file is not None:
                inner = self._open(file, entry)
                left += self._entries(inner, (*entry.above, file))

    def _entries(self, node: Sequence | None, above: tuple[File, ...]) -> list[_Entry]:
        """The entries of a list, the last first."""
        entries: list[_Entry] = []
        for item in reversed(node.items if node is not None else ()):
            if isinstance(item, Scalar) and not (item.empty or is_null(item)):
                entries.append(_Entry(item, above))
            else:
                help = "write a text, such as billing.yaml"
                expected("the path of a file", item, self._found, help)
                self.complete = False
        return entries

    def _find(self, entry: _Entry) -> File | None:
        """The file that an entry names, if it can and may be read here."""
        span, path = entry.node.span, entry.node.text
        problem = problem_in(path)
        if problem is not None:
            self._found.error("bad-path", span, *problem)
            self.complete = False
            return None
        file = self._files.find(path, entry.above[-1].name)
        if isinstance(file, Unreadable):
            self._refuse(entry.node, file)
            return None
        if file.identity in {each.identity for each in entry.above}:
            self._report_cycle(span, file, entry.above)
            return None
        first = self._first.setdefault(file.identity, span)
        if first != span:
            message = f"{shown(path)} is included twice; the first is {_place(first)}"
            self._found.error("duplicate-include", span, message, "remove one of them")
            return None
        return file

    def _refuse(self, node: Scalar, problem: Unreadable) -> None:
        help = self._meant(node.text, problem.beside) or problem.help
        self._found.error("bad-include", node.span, problem.message, help)
        self.complete = False

    def _meant(self, path: str, beside: Iterable[str]) -> str | None:
        """Which of the files beside one that is not there was meant, if any."""
        named = PurePosixPath(path)
        # Whatever the ending: it is most of many a name.
        files = {PurePosixPath(each).stem: each for each in beside}
        better = self._found.guesses.closest(named.stem, files)
        return better and f"did you mean {shown(str(named.with_name(files[better])))}?"

    def _report_cycle(self, span: Span, file: File, above: tuple[File, ...]) -> None:
        identities = [each.identity for each in above]
        around = above[identities.index(file.identity) :]
        path = " → ".join([*_few([each.name for each in around]), file.name])
        message = f"this file is included by itself: {path}"
        if len(around) == 1:
            message = "this file includes itself"
        self._found.error("include-cycle", span, message, "remove this entry")

    def _open(self, file: File, entry: _Entry) -> Sequence | None:
        """Reads a file; the result is its own list `include`."""
        data = self._files.read(file)
        if isinstance(data, Unreadable):
            self._refuse(entry.node, data)
            self.read.append(Included(name=file.name, text=""))
            return None
        self._found.begin(file.name)
        self._bytes += len(data)
        if len(data) <= MAX_BYTES < self._bytes:
            message = f"the files up to this one have more than {MAX_BYTES:,} bytes"
            help = "split the schema into several packages"
            self._found.error("too-large", entry.node.span, message, help)
            self.complete = False
            return None
        text = decode(data, file.name, self._found)
        root = None if text is None else self._compose(text, file.name)
        shown_text = readable(data) if text is None else text
        if root is None or not is_readable(root, self._found):
            self.complete = False
            self.read.append(Included(name=file.name, text=shown_text))
            return None
        return self._take(root, file.name, shown_text)

    def _compose(self, text: str, name: str) -> Mapping | None:
        start = "start with 'enums:' or 'jobs:'"
        root = compose(text, name, self._found, start)
        if root is None or isinstance(root, Mapping | Broken):
            return root if isinstance(root, Mapping) else None
        message = f"a schema is a mapping of keys to values, not {describe(root)}"
        self._found.error("not-a-mapping", root.span, message, start)
        return None

    def _take(self, root: Mapping, name: str, text: str) -> Sequence | None:
        for entry in root.entries:
            if entry.key.text in _ONLY_IN_ROOT:
                message = f"{shown(entry.key.text)} is not a key of an included file"
                help = f"write it in {self._root.name}"
                self._found.error("unknown-key", entry.key.span, message, help)
        what, place = "an included file", root.span
        fields = Fields(
            root, Keys.KEYS, self._found, what=what, place=place, partial=True
        )
        enums, jobs = fields.get(Keys.ENUMS), fields.get(Keys.JOBS)
        self.read.append(Included(name=name, text=text, enums=enums, jobs=jobs))
        return fields.get(Keys.INCLUDE)


def joined(
    what: str, mappings: Iterable[Mapping | None], found: Gatherer
) -> tuple[Entry, ...]:
    """The entries of all files; `what` (a job, an enum) may be in only one of them."""
    entries: dict[str, Entry] = {}
    for mapping in mappings:
        for entry in mapping.entries if mapping is not None else ():
            first = entries.setdefault(entry.key.text, entry).key
            if first is not entry.key:
                message = f"there is {what} {shown(first.text)} {_place(first.span)}"
                help = "rename or remove one of them"
                found.error("duplicate-name", entry.key.span, message, help)
    return tuple(entries.values())


def _place(span: Span) -> str:
    return f"in {span.source}, line {span.start.line}"


def _few(names: list[str]) -> list[str]:
    return names if len(names) <= 5 else [*names[:2], "…", *names[-2:]]
