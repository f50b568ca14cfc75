"""Settings of a caller's session that change how values are written and read.

The server sends and takes other texts under them, or runs statements in another
way; what goes through a job must not change.
"""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

_VALUES: Mapping[str, tuple[str, ...]] = {
    "array_nulls": ("off",),
    "backslash_quote": ("on", "off"),
    "bytea_output": ("escape",),
    "client_encoding": ("LATIN1", "EUC_JP", "SQL_ASCII"),
    "datestyle": ("SQL, DMY", "German, DMY", "Postgres, MDY", "ISO, YMD"),
    "default_transaction_isolation": ("repeatable read", "serializable"),
    "enable_indexscan": ("off",),
    "enable_seqscan": ("off",),
    "extra_float_digits": ("-15", "3"),
    "intervalstyle": ("sql_standard", "postgres_verbose", "iso_8601"),
    "plan_cache_mode": ("force_generic_plan", "force_custom_plan"),
    "search_path": ("nowhere", "pg_catalog"),
    "standard_conforming_strings": ("off",),
    "timezone": (
        "Asia/Kathmandu",
        "America/St_Johns",
        "Europe/Dublin",
        "Pacific/Kiritimati",
    ),
    "transform_null_equals": ("on",),
}
"""Each with what is not the default."""


def sessions() -> st.SearchStrategy[dict[str, str]]:
    """Any of them together."""
    return st.fixed_dictionaries(
        {},
        optional={name: st.sampled_from(some) for name, some in _VALUES.items()},
    )


def options(settings: Mapping[str, str]) -> str:
    """`settings` as libpq's `options`."""
    return " ".join(f"-c {name}={_escaped(value)}" for name, value in settings.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
