"""What announces new rows: a function, its triggers, and the sequence they look at.

Stage: schema. In: the names of a job's table. Out: frozen values, a part of its
`Table`. Pure, like `tables`.

A NOTIFY takes a lock of the whole cluster at every commit. So `when_idle` notifies
only when somebody may be asleep: the sequence holds a *lease*, the time in
milliseconds until which a worker that is awake promises to go on looking. It is
read without a lock, and a producer sees it at once, whatever its isolation level,
because sequences are not transactional.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from jobgen.schema import names
from jobgen.schema.grants import Grant, on_wake
from jobgen.schema.model import Job, Schema
from jobgen.schema.quoting import qualified, quote_identifier, quote_literal

_READY = ("job_status_not_started", "job_status_retry")

_FARTHEST_MS = 10_000
"""A promise farther ahead is a mistake, of a clock for instance: it counts for none."""

Event: TypeAlias = Literal["INSERT", "UPDATE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A trigger function in PL/pgSQL; `body` as in `pg_proc.prosrc`."""

    schema: str
    name: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """`definition` is what `pg_get_triggerdef` prints under an empty search path;
    `condition` the same condition as one would write it, which no catalogue keeps."""

    name: str
    event: Event
    level: Literal["ROW", "STATEMENT"]
    condition: str = field(compare=False)
    function: str
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    """`wake` is the name of the sequence, where the triggers look at one, and
    `grants` are those on it."""

    function: Function
    triggers: tuple[Trigger, ...]
    wake: str | None = None
    grants: tuple[Grant, ...] = ()


def notifications_of(schema: Schema, job: Job) -> Notifications | None:
    """What `notify` of the job asks for."""
    if job.notify == "never":
        return None
    home, table = schema.postgres.schema, job.table
    leased = job.notify == "when_idle"
    return Notifications(
        function=_function(home, table),
        triggers=_leased(home, table) if leased else _always(home, table),
        wake=names.wake_sequence(table) if leased else None,
        grants=on_wake(schema.roles) if leased else (),
    )


def _function(home: str, table: str) -> Function:
    # The names are qualified, so that no search path of a producer can divert them.
    notify = f"pg_catalog.pg_notify({quote_literal(names.channel(table))}, '')"
    return Function(
        schema=home,
        name=names.notify_function(table),
        body=f"\nBEGIN\n    PERFORM {notify};\n    RETURN NULL;\nEND\n",
    )


def _always(home: str, table: str) -> tuple[Trigger, ...]:
    """IHP's triggers: one notification for each row that becomes ready."""
    status = _status(home)
    printed = " OR ".join(f"(new.status = '{label}'::{status})" for label in _READY)
    written = " OR ".join(f"NEW.status = '{label}'" for label in _READY)
    return (
        _trigger(home, table, "INSERT", "ROW", written, f"({printed})"),
        _trigger(home, table, "UPDATE", "ROW", written, f"({printed})"),
    )


def _leased(home: str, table: str) -> tuple[Trigger, ...]:
    """For a whole INSERT at once: what it costs to look is paid once for all rows."""
    written, printed = _lapsed(qualified(home, names.wake_sequence(table)))
    labels = ", ".join(f"'{label}'" for label in _READY)
    array = ", ".join(f"'{label}'::{_status(home)}" for label in _READY)
    return (
        _trigger(home, table, "INSERT", "STATEMENT", written, f"({printed})"),
        _trigger(
            home,
            table,
            "UPDATE",
            "ROW",
            f"NEW.status IN ({labels})\n        AND {written}",
            f"((new.status = ANY (ARRAY[{array}])) AND ({printed}))",
        ),
    )


def _lapsed(sequence: str) -> tuple[str, str]:
    """The condition that no promise holds, as it is written and as it is printed.

    PostgreSQL reads and plans it anew in every INSERT, so it is as short as can be: a
    distance, where a range would evaluate the difference twice, in floating point,
    which is exact for milliseconds. Without a promise it is NULL.
    """
    regclass = f"{quote_literal(sequence)}::regclass"
    half = _FARTHEST_MS // 2
    written = (
        "(pg_catalog.abs(\n"
        f"            pg_catalog.pg_sequence_last_value({regclass})\n"
        "            - pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000"
        f" - {half}\n"
        f"        ) <= {half}) IS NOT TRUE"
    )
    clock = "date_part('epoch'::text, clock_timestamp()) * (1000)::double precision"
    distance = (
        f"abs((((pg_sequence_last_value({regclass}))::double precision - ({clock}))"
        f" - ({half})::double precision))"
    )
    printed = f"({distance} <= ({half})::double precision) IS NOT TRUE"
    return written, printed


def _trigger(
    home: str,
    table: str,
    event: Event,
    level: Literal["ROW", "STATEMENT"],
    condition: str,
    printed: str,
) -> Trigger:
    name = (names.insert_trigger if event == "INSERT" else names.update_trigger)(table)
    function = qualified(home, names.notify_function(table))
    return Trigger(
        name=name,
        event=event,
        level=level,
        condition=condition,
        function=function,
        definition=(
            f"CREATE TRIGGER {quote_identifier(name)} AFTER {event}"
            f" ON {qualified(home, table)} FOR EACH {level}"
            f" WHEN ({printed}) EXECUTE FUNCTION {function}()"
        ),
    )


def _status(home: str) -> str:
    return qualified(home, "job_status")
