"""The jobs that the histories are about: one of each kind, with coarse durations.

Everything lasts whole hours, so that the seconds that a history takes by the
server's clock never decide anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

Hours = int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The settings of one job, as the model needs them."""

    name: str
    max_attempts: int
    backoff: Callable[[int], Hours]
    """From the attempts so far to the wait before the next one."""
    stale_after: Hours
    priority: bool = False
    deletes: bool = False

    @property
    def abandoned_after(self) -> Hours:
        return max(24, self.stale_after)


KINDS: Final = (
    Kind(name="plain", max_attempts=3, backoff=lambda attempts: 1, stale_after=3),
    Kind(
        name="urgent",
        max_attempts=4,
        backoff=lambda attempts: min(2**attempts, 5),
        stale_after=2,
        priority=True,
    ),
    Kind(
        name="token",
        max_attempts=2,
        backoff=lambda attempts: 2 * attempts,
        stale_after=30,
    ),
    Kind(
        name="fleeting",
        max_attempts=3,
        backoff=lambda attempts: 0,
        stale_after=4,
        priority=True,
        deletes=True,
    ),
    Kind(
        name="once",
        max_attempts=1,
        backoff=lambda attempts: 1,
        stale_after=3,
        deletes=True,
    ),
)

SCHEMA: Final = """\
jobgen: 1
package: sample
output: ../sample
jobs:
  plain:
    columns: {}
    max_attempts: 3
    backoff: {strategy: constant, delay: 1h}
    stale_after: 3h
  urgent:
    columns: {}
    priority: true
    max_attempts: 4
    backoff: {strategy: exponential, delay: 1h, max: 5h}
    stale_after: 2h
  token:
    id: uuid
    columns: {}
    max_attempts: 2
    backoff: {strategy: linear, delay: 2h}
    stale_after: 30h
  fleeting:
    id: uuid
    columns: {}
    priority: true
    on_success: delete
    max_attempts: 3
    backoff: {strategy: constant, delay: 0s}
    stale_after: 4h
  once:
    columns: {}
    on_success: delete
    max_attempts: 1
    backoff: {strategy: constant, delay: 1h}
    stale_after: 3h
"""
