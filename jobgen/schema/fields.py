"""A mapping of the file, read key by key against its table of keys.

Stage: schema. What is unknown or missing is reported once, when the mapping is
opened; a value that cannot be read is reported by its form and counts as absent.
"""

from __future__ import annotations

from typing import TypeVar

from jobgen.schema.diagnostics import Gatherer, Span, closest, listed, shown
from jobgen.schema.forms import Key
from jobgen.schema.nodes import Broken, Mapping, Scalar

T = TypeVar("T")

_MOST = 100
"""Unknown keys of one mapping that are reported: with more, it is another file."""


class Fields:
    """The values of `node`, whose keys may be `keys`; `what` is its name in messages.

    `place` is where to report a missing key; a `partial` mapping may lack any.
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
        self._found = found
        self._entries = {entry.key.text: entry for entry in node.entries}
        meant = self._report_unknown(node, keys, what)
        if not partial:
            self._report_missing(keys, meant, what, place)

    def _report_unknown(
        self, node: Mapping, keys: tuple[Key[object], ...], what: str
    ) -> set[str]:
        """Reports keys that are not in the table; the result is what they meant."""
        known = [key.name for key in keys]
        meant: set[str] = set()
        unknown = [entry.key for entry in node.entries if entry.key.text not in known]
        for key in unknown[:_MOST]:
            better = closest(key.text, known)
            help = f"did you mean '{better}'?" if better else None
            message = f"{shown(key.text)} is not a key of {what}"
            few = f"known: {', '.join(known)}"
            self._found.error("unknown-key", key.span, message, help or few)
            meant.add(better or "")
        return meant

    def _report_missing(
        self,
        keys: tuple[Key[object], ...],
        meant: set[str],
        what: str,
        place: Span,
    ) -> None:
        there = meant | set(self._entries)
        missing = [key.name for key in keys if key.required and key.name not in there]
        if missing:
            self._found.error(
                "missing-key",
                place,
                f"{what} lacks {listed(missing).replace(' or ', ' and ')}",
                f"add '{missing[0]}:'",
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

    def span(self, key: Key[object]) -> Span | None:
        """Where the value of `key` stands."""
        entry = self._entries.get(key.name)
        return None if entry is None else entry.value.span
