"""What generated code says of the database is what the catalogue says."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from generated_example import import_contacts, post_webhook, prune_charts, send_mail
from jobgen.runtime import Shape
from tests.emit.schemas import every_type, files, write
from tests.unseen import AnyJob

JOBS = (import_contacts.JOB, post_webhook.JOB, send_mail.JOB)


def shape(conn: psycopg.Connection[TupleRow], table: str) -> tuple[Shape, ...]:
    conn.execute("SET search_path = ''")
    rows = conn.execute(
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull, ARRAY("
        "SELECT enumlabel::text FROM pg_enum WHERE enumtypid IN (atttypid, typelem)"
        " AND attname <> 'status' ORDER BY enumsortorder)"
        " FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid"
        " WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
        [table],
    )
    return tuple(
        Shape(name=name, type=type, not_null=not_null, labels=tuple(labels))
        for name, type, not_null, labels in rows
    )


def listed(shape: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """With the labels as they are listed; those of the status are the runtime's."""
    return tuple(each._replace(labels=tuple(each.labels)) for each in shape)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_the_shape_is_the_catalogue_s(
    conn: psycopg.Connection[TupleRow], job: AnyJob
) -> None:
    """So a worker can tell a table that differs from its code."""
    assert shape(conn, job.table) == listed(job.shape)


def test_the_shape_of_every_type_is_the_catalogue_s(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An extension's type apart, which has no schema in the generated code."""
    package = files(every_type())
    write(package, tmp_path / "shaped")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    job = import_module("shaped.everything").JOB
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(package["schema.sql"].encode())
        found = shape(conn, job.table)
    bare = tuple(
        each._replace(type=each.type.replace("public.citext", "citext"))
        for each in found
    )
    assert bare == listed(job.shape)
    sys.modules.pop("shaped.everything")


@pytest.mark.parametrize("path", ["", "pg_catalog", "public"])
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_the_triggers_are_as_the_catalogue_prints_them(
    conn: psycopg.Connection[TupleRow], job: AnyJob, path: str
) -> None:
    """Compared as deparsed, so that only a real difference is one."""
    assert job.notifications is not None
    if path != "public":
        conn.execute("SELECT set_config('search_path', %s, false)", [path])
        assert triggers(conn, job.table) == job.notifications.triggers
    body = conn.execute(
        "SELECT prosrc FROM pg_proc WHERE proname = %s", [job.notifications.function]
    ).fetchone()
    assert body == (job.notifications.body,)


def triggers(
    conn: psycopg.Connection[TupleRow], table: str
) -> tuple[tuple[str, str], ...]:
    rows = conn.execute(
        "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger"
        " WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled = 'O'"
        " ORDER BY tgname",
        [table],
    )
    return tuple((row[0], row[1]) for row in rows)


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TRIGGER did_insert_job_send_mail_jobs ON send_mail_jobs",
        "ALTER TABLE send_mail_jobs DISABLE TRIGGER USER",
        "DROP FUNCTION notify_job_queued_send_mail_jobs CASCADE",
        "CREATE OR REPLACE FUNCTION notify_job_queued_send_mail_jobs()"
        " RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    ],
)
def test_install_sql_mends_what_is_missing(
    conn: psycopg.Connection[TupleRow], damage: str
) -> None:
    """Whatever was done to the function or the triggers."""
    wanted = send_mail.JOB.notifications
    assert wanted is not None
    conn.execute(damage.encode())
    conn.execute(wanted.install_sql)
    conn.execute("SET LOCAL search_path = ''")
    assert triggers(conn, send_mail.TABLE) == wanted.triggers
    body = conn.execute(
        "SELECT prosrc FROM pg_proc WHERE proname = %s", [wanted.function]
    ).fetchone()
    assert body == (wanted.body,)


def test_a_job_that_never_notifies_has_no_trigger(
    conn: psycopg.Connection[TupleRow],
) -> None:
    """Its workers poll."""
    assert prune_charts.JOB.notifications is None
    assert triggers(conn, prune_charts.TABLE) == ()


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("FETCH_SQL", "send_mail_jobs_ready"),
        ("NEXT_DUE_SQL", "send_mail_jobs_ready"),
        ("PENDING_SQL", "send_mail_jobs_ready"),
        ("RESCUE_SQL", "send_mail_jobs_running"),
        ("RELEASE_SQL", "send_mail_jobs_running"),
    ],
)
def test_a_statement_reads_its_index(
    conn: psycopg.Connection[TupleRow], statement: str, index: str
) -> None:
    """And not the table, where most rows are finished."""
    conn.execute(
        "INSERT INTO send_mail_jobs (user_id, email, status)"
        " SELECT n, '', 'job_status_succeeded' FROM generate_series(1, 20000) AS n"
    )
    conn.execute("ANALYZE send_mail_jobs")
    conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    text: str = getattr(send_mail, statement)
    types = {"FETCH_SQL": "uuid, bigint", "RESCUE_SQL": "interval, bigint"}
    types["RELEASE_SQL"] = types["RESCUE_SQL"]
    parameters = f"({types[statement]})" if statement in types else ""
    arguments = "(NULL, 10)" if statement in types else ""
    conn.execute(f"PREPARE one {parameters} AS {text}".encode())
    plan = conn.execute(f"EXPLAIN EXECUTE one {arguments}".encode()).fetchall()
    assert any(index in row[0] for row in plan), plan
    assert not any("Seq Scan on send_mail_jobs" in row[0] for row in plan), plan


def test_the_next_due_time_probes_each_priority(
    conn: psycopg.Connection[TupleRow],
) -> None:
    """A loose index scan, and the earliest of all priorities."""
    conn.execute(
        "INSERT INTO post_webhook_jobs (event, url, payload, priority, run_at)"
        " SELECT 'e', 'u', '{}', n %% 3 - 1, now() + n * interval '1 minute'"
        " FROM generate_series(1, 3000) AS n".replace("%%", "%").encode()
    )
    conn.execute("ANALYZE post_webhook_jobs")
    row = conn.execute(post_webhook.NEXT_DUE_SQL).fetchone()
    assert row is not None
    assert row[0] == "post_webhook"
    assert 58 < row[1] <= 60
    plan = conn.execute(b"EXPLAIN ANALYZE " + post_webhook.NEXT_DUE_SQL.encode())
    text = "\n".join(row[0] for row in plan)
    assert "post_webhook_jobs_ready" in text
    assert "Seq Scan" not in text


def test_no_row_is_due_in_an_empty_table(conn: psycopg.Connection[TupleRow]) -> None:
    """One row says so, for the UNION ALL over several jobs."""
    for module in (send_mail, post_webhook):
        assert conn.execute(module.NEXT_DUE_SQL).fetchall() == [(module.JOB.name, None)]


@pytest.mark.parametrize("edge", ["infinity", "-infinity"])
def test_the_next_due_time_bears_infinity(
    conn: psycopg.Connection[TupleRow], edge: str
) -> None:
    """PostgreSQL 15 cannot subtract from it."""
    insert = "INSERT INTO send_mail_jobs (user_id, email, run_at) VALUES (1, '', %s)"
    conn.execute(insert, [edge])
    row = conn.execute(send_mail.NEXT_DUE_SQL).fetchone()
    assert row is not None
    assert abs(row[1]) == pytest.approx(86400, abs=10)
