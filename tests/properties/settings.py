"""The settings of a job, which `defaults` may have too."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.properties.texts import docs


def _durations(least: int = 1, most: int = 10**9) -> st.SearchStrategy[str]:
    """From `least` to `most` milliseconds, as a reader would write them."""
    return st.integers(least, most).map(_duration)


def _duration(milliseconds: int) -> str:
    units = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))
    text = ""
    for unit, size in units:
        count, milliseconds = divmod(milliseconds, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def backoffs() -> st.SearchStrategy[dict[str, object]]:
    """Always with both lengths, so that merging two of them is right as well."""
    return st.fixed_dictionaries(
        {"delay": _durations(0, 10**6), "max": _durations(10**6)},
        optional={
            "strategy": st.sampled_from(["constant", "linear", "exponential"]),
            "jitter": st.sampled_from([0, 0.25, 0.5, 1]),
        },
    )


_RETENTION = st.fixed_dictionaries(
    {},
    optional={
        "succeeded": st.none() | _durations(),
        "failed": st.none() | _durations(),
    },
)


def settings() -> st.SearchStrategy[dict[str, object]]:
    """Any of them but the columns, the table and the indexes."""
    return st.fixed_dictionaries(
        {},
        optional={
            "doc": docs(),
            "id": st.sampled_from(["bigint", "uuid"]),
            "max_attempts": st.sampled_from([1, 2, 10, 2_000_000_000]),
            "timeout": st.none() | _durations(),
            "backoff": backoffs(),
            "concurrency": st.sampled_from([1, 16, 1_000_000]),
            "stale_after": _durations(),
            "priority": st.booleans(),
            "notify": st.sampled_from(["when_idle", "always", "never"]),
            "on_success": st.sampled_from(["keep", "delete"]),
            "retention": _RETENTION,
            "worker": st.sampled_from(["here", "here", "here", "elsewhere"]),
            "reserved": st.just(["zz_old"]),
            "renamed_from": st.just("zz_before"),
        },
    )
