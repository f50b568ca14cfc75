"""How long the loops of a worker wait after a fault."""

from __future__ import annotations

from typing import Final

_FIRST: Final = 0.1


class Pauses:
    """Doubling, in seconds, from 0.1 to `longest`, until the next success."""

    def __init__(self, longest: float = 5.0) -> None:
        self._longest = longest
        self._next = _FIRST

    def failed(self) -> float:
        """How long to wait now."""
        wait = self._next
        self._next = min(self._next * 2, self._longest)
        return wait

    def succeeded(self) -> None:
        self._next = _FIRST
