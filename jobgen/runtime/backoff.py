"""How long a failed attempt waits before the next one.

The SQL of a generated module computes the same delay on the server; this is the
client's copy, for those who show or plan with it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, NamedTuple


class Backoff(NamedTuple):
    """A backoff strategy (IHP's `BackoffStrategy`).

    `constant` is `delay`, `linear` `delay × attempts`, `exponential`
    `delay × 2^attempts`, none above `max`. `jitter` (0 to 1) is applied by the
    server, after `max`.
    """

    strategy: Literal["constant", "linear", "exponential"]
    delay: timedelta
    max: timedelta
    jitter: float


def retry_delay(backoff: Backoff, attempts_count: int) -> timedelta:
    """The wait after `attempts_count` attempts, without jitter.

    Takes any count: one below 0 is 0, and a factor that reaches the maximum is
    cut before it is multiplied.
    """
    attempts = max(attempts_count, 0)
    ceiling = -(-backoff.max // backoff.delay) if backoff.delay else 0
    factors = {
        "constant": 1,
        "linear": min(attempts, ceiling),
        "exponential": 1 << min(attempts, ceiling.bit_length()),
    }
    return min(backoff.delay * factors[backoff.strategy], backoff.max)
