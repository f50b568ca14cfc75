"""A mapping of the file, read key by key against its table of keys.

Stage: schema. What is unknown or missing is reported once, when the mapping is
opened; a value that cannot be read is reported by its form and counts as absent.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from typing import TypeVar

from jobgen.schema.diagnostics import Gatherer, Span, listed, shown
from jobgen.schema.forms import Key
from jobgen.schema.guesses import Guesses
from jobgen.schema.nodes import Broken, Entry, Mapping, Scalar

T = TypeVar("T")

_MOST = 100
"""Unknown keys of one mapping that are reported: with more, it is another file."""

_SURELY = 0.75
"""From this likeness on a misspelt key is read as the one that it looks like."""

_INSTEAD: MappingABC[str, str] = {
    "attempts": "max_attempts",
    "retries": "max_attempts",
    "max_retries": "max_attempts",
    "retry": "max_attempts",
    "retry_delay": "backoff",
    "workers": "concurrency",
    "max_workers": "concurrency",
    "description": "doc",
    "comment": "doc",
    "fields": "columns",
    "payload": "columns",
    "args": "columns",
    "arguments": "columns",
    "params": "columns",
    "parameters": "columns",
    "primary_key": "id",
    "ttl": "retention",
    "null": "nullable",
    "optional": "nullable",
    "foreign_key": "references",
    "values": "labels",
}
"""What other tools call it."""


def _meant(name: str, known: list[str], guesses: Guesses) -> str | None:
    instead = _INSTEAD.get(name.lower())
    return instead if instead in known else guesses.closest(name, known)


def _home(name: str, keys: tuple[Key[object], ...]) -> str | None:
    """The one of `keys` whose value is a mapping that has `name` as a key."""
    for key in keys:
        inner = key.form.shape.get("properties")
        if isinstance(inner, MappingABC) and name in inner:
            return key.name
    return None


class Fields:
    """The values of `node`, whose keys may be `keys`; `what` is its name in messages.

    `place` is where to report a missing key; a `partial` mapping may lack any, because
    those who take it add theirs.
    """

    def __init__(
        self,
        node: Mapping,
        keys: tuple[Key[object], ...],
        found: Gatherer,
        *,
        what: str,
        place: Span,
        partial: bool = False,
    ) -> None:
        self.partial = partial
        self._found = found
        self._entries = {entry.key.text: entry for entry in node.entries}
        meant = self._report_unknown(node, keys, what)
        if not (partial or node.incomplete):
            self._report_missing(keys, meant, what, place)

    def _report_unknown(
        self, node: Mapping, keys: tuple[Key[object], ...], what: str
    ) -> set[str]:
        """Reports keys that are not in the table; the result is what they meant."""
        known = [key.name for key in keys]
        meant: set[str] = set()
        unknown = [entry for entry in node.entries if entry.key.text not in known]
        for entry in unknown[:_MOST]:
            name = entry.key.text
            home = _home(name, keys)
            better = _meant(name, known, self._found.guesses)
            help = f"known: {', '.join(known)}"
            if home is not None:
                help = f"it belongs under '{home}:'"
            elif better is not None:
                help = f"did you mean '{better}'?"
                meant.add(better)
                self._recover(entry, better)
            message = f"{shown(name)} is not a key of {what}"
            self._found.error("unknown-key", entry.key.span, message, help)
        return meant

    def _recover(self, entry: Entry, better: str) -> None:
        """Reads a key that is surely misspelt as the one that it was meant to be.

        So its value is judged in this run, and what depends on it is not reported.
        """
        if self._found.guesses.closest(entry.key.text, [better], _SURELY):
            self._entries.setdefault(better, entry)

    def _report_missing(
        self,
        keys: tuple[Key[object], ...],
        meant: set[str],
        what: str,
        place: Span,
    ) -> None:
        there = meant | set(self._entries)
        missing = [
            key.name
            for key in keys
            if key.required and not {key.name, key.unless} & there
        ]
        if missing:
            self._found.error(
                "missing-key",
                place,
                f"{what} lacks {listed(missing).replace(' or ', ' and ')}",
                f"add {listed([f'{name}:' for name in missing]).replace(' or ', ' and ')}",
            )

    def get(self, key: Key[T]) -> T | None:
        """The value of `key`; None where it is absent or unreadable."""
        entry = self._entries.get(key.name)
        if entry is None or isinstance(entry.value, Broken):
            return None
        value = entry.value
        if isinstance(value, Scalar) and value.empty and not key.may_be_empty:
            self._found.error(
                "missing-value",
                entry.key.span,
                f"'{key.name}' has no value",
                "write one, or remove the key",
            )
            return None
        return key.form.read(value, self._found)

    def get_or(self, key: Key[T], default: T) -> T:
        """The value of `key`, or `default` where `get` has none."""
        value = self.get(key)
        return default if value is None else value

    def has(self, key: Key[object]) -> bool:
        """Whether `key` is there, readable or not."""
        return key.name in self._entries

    def lost(self, key: Key[T], value: T | None) -> bool:
        """Whether `value`, which `get` gave, is None because it was unreadable."""
        return value is None and self.has(key)

    def span(self, key: Key[object]) -> Span | None:
        """Where the value of `key` stands."""
        entry = self._entries.get(key.name)
        return None if entry is None else entry.value.span
