"""Schemas for tests, from the part that a test is about."""

from __future__ import annotations

from jobgen.schema.load import Loaded, load_schema
from jobgen.schema.model import Column, Job

_HEAD = "jobgen: 1\npackage: app_jobs\noutput: ../app_jobs\n"


def load(text: str) -> Loaded:
    """A schema file that begins as every one does, followed by `text`."""
    return load_schema((_HEAD + text).encode(), "schema.yaml")


def codes(text: str) -> list[str]:
    """The codes of what is wrong with such a file, by place."""
    return [found.code for found in load(text).diagnostics]


def job(settings: str) -> Job:
    """The job that the flow mapping `settings` describes."""
    loaded = load(f"jobs:\n  send_mail: {settings}\n")
    assert loaded.schema is not None, loaded.diagnostics
    return loaded.schema.jobs[0]


def column(value: str) -> Column:
    """The column that `value` describes; there is an enum mail_kind."""
    kinds = "enums:\n  mail_kind: [welcome, 'it''s, {odd}']\n"
    loaded = load(f"{kinds}jobs:\n  j:\n    columns:\n      c: {value}\n")
    assert loaded.schema is not None, loaded.diagnostics
    return loaded.schema.jobs[0].columns[0]


def column_codes(value: str) -> list[str]:
    """The codes of what is wrong with such a column."""
    return codes(f"jobs:\n  j:\n    columns:\n      c: {value}\n")
