"""The SQL of a backoff: equal to `retry_delay` of the runtime for every attempt.

Stage: emit. The factor is capped before it is computed, so that attempt
2,000,000,000 overflows nothing. Intervals are in hours or less, which no time
zone and no length of a month can bend.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from jobgen.schema.model import Backoff

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_MICROSECOND = timedelta(microseconds=1)


def backoff_sql(backoff: Backoff) -> str:
    """An expression over `attempts_count`, the attempt that failed included."""
    wait = _without_jitter(backoff)
    return f"{wait} * (1 - {backoff.jitter!r} * random())" if backoff.jitter else wait


@cache  # most jobs have the usual ones
def interval_sql(length: timedelta) -> str:
    """`interval '90 seconds'` or `interval '2 hours'`, exact to the microsecond."""
    for name, unit in (("hour", _HOUR), ("minute", _MINUTE)):
        if length and not length % unit:
            count = length // unit
            return f"interval '{count} {name}{'s' if count > 1 else ''}'"
    seconds, rest = divmod(length // _MICROSECOND, 1_000_000)
    fraction = f".{rest:06d}".rstrip("0") if rest else ""
    return f"interval '{seconds}{fraction} seconds'"


def _without_jitter(backoff: Backoff) -> str:
    delay, maximum = interval_sql(backoff.delay), interval_sql(backoff.max)
    # The first factor that reaches the maximum: beyond it nothing changes.
    ceiling = -(-backoff.max // backoff.delay) if backoff.delay else 0
    if backoff.strategy == "constant":
        return interval_sql(min(backoff.delay, backoff.max))
    # No function counts below 0, but anybody may write a row.
    attempts = "greatest(attempts_count, 0)"
    if backoff.strategy == "linear":
        factor = f"least({attempts}, {ceiling})"
    else:
        factor = f"power(2, least({attempts}, {ceiling.bit_length()}))"
    return f"least({delay} * {factor}, {maximum})"
