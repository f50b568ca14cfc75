"""Where in the file each thing of the model was written.

Stage: schema. The model carries no positions, because a catalogue has none and
equal schemas should be equal; `checks` looks them up here by path.
"""

from __future__ import annotations

from jobgen.schema.diagnostics import Span
from jobgen.schema.names import NAME, snake_case


class Places:
    """Spans by path: `("jobs", "send_mail", "columns", "email")`."""

    def __init__(self, source: str) -> None:
        self._whole = Span.whole(source)
        self._spans: dict[tuple[str, ...], Span] = {}
        self._children: dict[tuple[str, ...], dict[str, None]] = {}
        self._doubtful: set[tuple[str, ...]] = set()

    def note(self, span: Span, *path: str) -> None:
        self._spans[path] = span
        self._children.setdefault(path[:-1], {})[path[-1]] = None

    def columns(self, job: str) -> tuple[str, ...]:
        """The columns that a job seems to have, be their types right or wrong."""
        written = self._children.get(("jobs", job, "columns"), ())
        return tuple(name for name in written if NAME.fullmatch(name))

    def may_have_column(self, job: str, name: str) -> bool:
        """Whether `name` is a column of which something else was reported."""
        written = self._children.get(("jobs", job, "columns"), ())
        meant = (snake_case(each) for each in written if not NAME.fullmatch(each))
        return self.doubtful("jobs", job, "columns") or name in written or name in meant

    def doubt(self, *path: str) -> None:
        """Says that `path` has a mistake and is not as it was meant.

        Whatever seems wrong because of it would be reported twice.
        """
        self._doubtful.add(path)

    def doubtful(self, *path: str) -> bool:
        return path in self._doubtful

    def at(self, *path: str) -> Span:
        """The span of `path`, or of the nearest thing around it that has one."""
        while path and path not in self._spans:
            path = path[:-1]
        return self._spans[path] if path else self._whole
