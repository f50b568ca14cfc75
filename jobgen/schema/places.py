"""Where in the file each thing of the model was written.

Stage: schema. The model carries no positions, because a catalogue has none and
equal schemas should be equal; `checks` looks them up here by path.
"""

from __future__ import annotations

from jobgen.schema.diagnostics import Span


class Places:
    """Spans by path: `("jobs", "send_mail", "columns", "email")`."""

    def __init__(self, source: str) -> None:
        self._whole = Span.whole(source)
        self._spans: dict[tuple[str, ...], Span] = {}

    def note(self, span: Span, *path: str) -> None:
        self._spans[path] = span

    def has(self, *path: str) -> bool:
        """Whether `path` was written, be it right or wrong."""
        return path in self._spans

    def at(self, *path: str) -> Span:
        """The span of `path`, or of the nearest thing around it that has one."""
        while path and path not in self._spans:
            path = path[:-1]
        return self._spans[path] if path else self._whole
