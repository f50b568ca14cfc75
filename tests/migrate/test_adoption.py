"""A database that others made becomes one that jobgen's migrations lead on from."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from tests.cli.project import Project
from tests.migrate.commands import migrate, new
from tests.servers import Server

SCHEMA = """\
jobgen: 1
package: app_jobs
output: ../app_jobs
defaults: {id: uuid}
jobs:
  send_mail:
    columns:
      email: text
      size: {type: int, default: 3, check: "size > 0"}
    indexes: [[email]]
  other:
    columns: {a: int}
"""

IHP = """
-- As the extension uuid-ossp has it, which not every server can have.
CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()';
CREATE TYPE job_status AS ENUM ('job_status_not_started', 'job_status_running',
    'job_status_failed', 'job_status_timed_out', 'job_status_succeeded',
    'job_status_retry');
CREATE TABLE send_mail_jobs (
    id UUID DEFAULT uuid_generate_v4() PRIMARY KEY NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW() NOT NULL,
    status JOB_STATUS DEFAULT 'job_status_not_started' NOT NULL,
    last_error TEXT DEFAULT NULL,
    attempts_count INT DEFAULT 0 NOT NULL,
    locked_at TIMESTAMP WITH TIME ZONE DEFAULT NULL,
    locked_by UUID DEFAULT NULL,
    run_at TIMESTAMP WITH TIME ZONE DEFAULT NOW() NOT NULL,
    email TEXT NOT NULL,
    size INT DEFAULT 1 NOT NULL
);
CREATE FUNCTION notify_job_queued_send_mail_jobs() RETURNS TRIGGER AS $$
    BEGIN
        PERFORM pg_notify('job_available_send_mail_jobs', '');
        RETURN new;
    END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER did_insert_job_send_mail_jobs AFTER INSERT ON send_mail_jobs
    FOR EACH ROW WHEN (NEW.status = 'job_status_not_started'
        OR NEW.status = 'job_status_retry')
    EXECUTE PROCEDURE notify_job_queued_send_mail_jobs();
CREATE TRIGGER did_update_job_send_mail_jobs AFTER UPDATE ON send_mail_jobs
    FOR EACH ROW WHEN (NEW.status = 'job_status_not_started'
        OR NEW.status = 'job_status_retry')
    EXECUTE PROCEDURE notify_job_queued_send_mail_jobs();
INSERT INTO send_mail_jobs (email) SELECT 'x' FROM generate_series(1, 3);
"""

NO_DRIFT = "no drift: the database is as the schema says\n"


@pytest.fixture
def ihps(database: str) -> str:
    """A database with a table that IHP made, and its jobs."""
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(IHP)
    return database


def _contents(dsn: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as conn:
        return conn.execute(
            "SELECT id, email, size, status::text, run_at FROM send_mail_jobs ORDER BY 1"
        ).fetchall()


def test_a_table_of_ihps_gains_what_a_worker_needs(
    project: Project, ihps: str, server: Server
) -> None:
    """In steps like any other. Where there is no such table, they make the same."""
    before = _contents(ihps)
    done = new(project, SCHEMA, "adopt", "--baseline", f"--dsn={ihps}")
    assert done.code == 0, done
    done = migrate(project, "apply", f"--dsn={ihps}")
    assert done.code == 0, done
    assert "0001_adopt.sql: the tables are there already\n" in done.out
    assert migrate(project, "drift", f"--dsn={ihps}").out == NO_DRIFT
    assert _contents(ihps) == before
    assert new(project, SCHEMA).out == (
        "nothing to do: the migrations lead to this schema\n"
    )
    with server.database() as empty:
        done = migrate(project, "apply", f"--dsn={empty}")
        assert (done.code, done.err) == (0, "")
        assert migrate(project, "drift", f"--dsn={empty}").out == NO_DRIFT


def test_an_older_table_gains_columns_labels_and_types(
    project: Project, ihps: str, server: Server
) -> None:
    """As jobgen's next release would; the table has a column that is not in use."""
    with psycopg.connect(ihps, autocommit=True) as conn:
        conn.execute(
            "ALTER TABLE send_mail_jobs DROP COLUMN run_at, ADD old int NOT NULL DEFAULT 7"
        )
    wanted = SCHEMA.replace("type: int", "type: bigint")
    done = new(project, wanted, "adopt", "--baseline", f"--dsn={ihps}")
    assert done.code == 1
    assert "data[removed-column]: the column 'old' is gone" in done.err
    wanted = wanted.replace("  other:", "    reserved: [old]\n  other:")
    done = new(project, wanted, "adopt", "--baseline", f"--dsn={ihps}")
    assert done.code == 0, done
    with server.database() as empty:
        for dsn in (ihps, empty):
            done = migrate(project, "apply", f"--dsn={dsn}")
            assert (done.code, done.err) == (0, ""), done
            assert migrate(project, "drift", f"--dsn={dsn}").out == NO_DRIFT


FIVE = """
ALTER TYPE job_status RENAME TO six;
CREATE TYPE job_status AS ENUM ('job_status_not_started', 'job_status_running',
    'job_status_failed', 'job_status_succeeded', 'job_status_retry');
DROP TRIGGER did_insert_job_send_mail_jobs ON send_mail_jobs;
DROP TRIGGER did_update_job_send_mail_jobs ON send_mail_jobs;
ALTER TABLE send_mail_jobs ALTER status DROP DEFAULT,
    ALTER status TYPE job_status USING status::text::job_status;
ALTER TABLE send_mail_jobs ALTER status SET DEFAULT 'job_status_not_started';
DROP TYPE six;
"""


def test_a_status_without_timed_out_gains_it(project: Project, ihps: str) -> None:
    """As an early IHP made it."""
    with psycopg.connect(ihps, autocommit=True) as conn:
        conn.execute(FIVE)
    done = new(project, SCHEMA, "adopt", "--baseline", f"--dsn={ihps}")
    assert done.code == 0, done
    assert migrate(project, "apply", f"--dsn={ihps}").code == 0
    assert migrate(project, "drift", f"--dsn={ihps}").out == NO_DRIFT


def test_what_the_schema_has_nothing_of_is_left_alone(
    project: Project, ihps: str
) -> None:
    """And told, so that somebody decides."""
    with psycopg.connect(ihps, autocommit=True) as conn:
        conn.execute(
            "CREATE INDEX by_size ON send_mail_jobs (size);"
            "ALTER TABLE send_mail_jobs ADD CONSTRAINT short CHECK (email <> '')"
        )
    done = new(project, SCHEMA, "adopt", "--baseline", f"--dsn={ihps}")
    assert (done.code, done.err) == (
        0,
        "left alone: the check short of send_mail_jobs\n"
        "left alone: the index by_size of send_mail_jobs\n",
    )
    assert migrate(project, "apply", f"--dsn={ihps}").code == 0
    assert migrate(project, "drift", f"--dsn={ihps}").out.splitlines() == [
        "public.send_mail_jobs: check short should not be there",
        "public.send_mail_jobs: index by_size should not be there",
    ]


@pytest.mark.parametrize(
    ("ruin", "problem"),
    [
        ("DROP TABLE send_mail_jobs", "none of the schema's tables is there"),
        (
            "ALTER TABLE send_mail_jobs DROP CONSTRAINT send_mail_jobs_pkey",
            "the primary key of public.send_mail_jobs is not id alone",
        ),
        (
            "ALTER TABLE send_mail_jobs RENAME CONSTRAINT send_mail_jobs_pkey TO pk",
            "the primary key of public.send_mail_jobs has another name; run: ALTER TABLE"
            " public.send_mail_jobs RENAME CONSTRAINT pk TO send_mail_jobs_pkey",
        ),
    ],
)
def test_what_no_step_mends_is_refused(
    project: Project, ihps: str, ruin: str, problem: str
) -> None:
    with psycopg.connect(ihps, autocommit=True) as conn:
        conn.execute(ruin.encode())
    done = new(project, SCHEMA, "adopt", "--baseline", f"--dsn={ihps}")
    assert (done.code, done.out, done.err) == (
        2,
        "",
        f"jobgen migrate new: {problem}\n",
    )
    assert not Path("schemas/migrations").exists()


def test_another_kind_of_id_is_refused(project: Project, ihps: str) -> None:
    bigint = SCHEMA.replace("{id: uuid}", "{id: bigint}")
    done = new(project, bigint, "adopt", "--baseline", f"--dsn={ihps}")
    assert done.code == 1
    assert "[changed-id]" in done.err


def test_the_plan_of_an_adoption_is_shown(project: Project, ihps: str) -> None:
    project.write(SCHEMA)
    done = migrate(project, "plan", "--baseline", f"--dsn={ihps}")
    assert done.code == 1
    assert "Add the table public.jobgen_workers" in done.out
    with psycopg.connect(ihps, autocommit=True) as conn:
        conn.execute("CREATE INDEX by_size ON send_mail_jobs (size)")
    done = migrate(project, "plan", "--baseline", f"--dsn={ihps}", "--format=json")
    titles = [step["title"] for step in json.loads(done.out)["steps"]]
    assert "Add the table public.jobgen_workers" in titles
    assert not Path("schemas/migrations").exists()


def test_a_database_is_named_for_a_baseline_alone(project: Project) -> None:
    """The files lead from each other to the schema, whatever a database has."""
    done = new(project, SCHEMA, "adopt", "--dsn=dbname=nowhere")
    assert (done.code, done.err) == (
        2,
        "jobgen migrate new: this takes no database but that of a --baseline: leave"
        " --dsn away\n",
    )
