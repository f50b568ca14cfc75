"""Every name that jobgen derives from the user's names, each decided once.

Stage: schema. Pure functions of text: `checks` proves that the results fit and
do not meet, `tables` and the emitters use them.
"""

from __future__ import annotations

import hashlib
import keyword
import re

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""What a job, a column and an enum may be called."""

_DEVICE = re.compile("con|prn|aux|nul|(com|lpt)[0-9]")

MAX_IDENTIFIER_BYTES = 63
"""PostgreSQL's NAMEDATALEN - 1: longer names are cut in silence."""


def snake_case(text: str) -> str:
    """What `text` may have been meant as: `MailKind` → `mail_kind`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()
    return re.sub(r"[^a-z0-9]+", "_", words).strip("_")


def class_name(name: str) -> str:
    """`http2_push` → `Http2Push`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def row_class_name(name: str) -> str:
    """The class of a fetched row: `send_mail` → `SendMailJob`."""
    return class_name(name) + "Job"


def attribute(name: str) -> str:
    """A column's name in Python: only hard keywords give way."""
    return name + "_" if keyword.iskeyword(name) else name


def module(job: str) -> str:
    """The name of a job's modules: keywords give way, and what no file may be called.

    Windows takes `aux.py` for a device, and could not even check it out.
    """
    return job + "_" if _DEVICE.fullmatch(job) else attribute(job)


def enum_member(label: str) -> str:
    """The member for a label; empty where nothing of the label is left.

    Upper case, each run of other characters than `A-Z 0-9` one `_`, none at
    either end, `VALUE_` before a leading digit.
    """
    member = re.sub(r"[^A-Z0-9]+", "_", label.upper()).strip("_")
    return "VALUE_" + member if member[:1].isdigit() else member


def table(job: str) -> str:
    return job + "_jobs"


def channel(table: str) -> str:
    """The NOTIFY channel of a table (IHP's `channelName`)."""
    return "job_available_" + table


def notify_function(table: str) -> str:
    return "notify_job_queued_" + table


def insert_trigger(table: str) -> str:
    return "did_insert_job_" + table


def update_trigger(table: str) -> str:
    return "did_update_job_" + table


def ready_index(table: str) -> str:
    return table + "_ready"


def running_index(table: str) -> str:
    return table + "_running"


def finished_index(table: str) -> str:
    return table + "_finished"


def wake_sequence(table: str) -> str:
    return table + "_wake"


def id_sequence(table: str) -> str:
    """The sequence behind an identity column, as PostgreSQL names it."""
    return table + "_id_seq"


def payload_index(
    table: str, columns: tuple[str, ...], *, unique: bool, where: str | None = None
) -> str:
    """The index's plain name; `where` is given to tell it from others with that name.

    A digest of the condition, and no number: the order of indexes has no say.
    """
    digest = (hashlib.sha256(where.encode()).hexdigest()[:8],) if where else ()
    return "_".join((table, *columns, *digest, "key" if unique else "idx"))


def primary_key(table: str) -> str:
    return table + "_pkey"


def foreign_key(table: str, column: str) -> str:
    return f"{table}_{column}_fkey"


def check(table: str, column: str) -> str:
    return f"{table}_{column}_check"
