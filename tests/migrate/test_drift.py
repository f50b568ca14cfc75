"""Every difference between a live database and its schema is found and named."""

from __future__ import annotations

import psycopg
import pytest

from jobgen.migrate.diff import diff
from jobgen.migrate.spelling import spelt
from jobgen.migrate.words import differences
from jobgen.schema.tables import tables_of
from tests.emit.schemas import HEAD, load
from tests.migrate.test_catalogue import apply
from tests.properties import roles

SCHEMA = load(
    HEAD
    + """
roles: {producer: drift_producer, worker: drift_worker}
enums: {mood: {labels: [good, bad], doc: How one feels.}}
jobs:
  first:
    doc: Comes first.
    columns:
      size: {type: int, default: 5, check: size > 0, doc: In pixels.}
      mood: {type: mood, default: good}
      name: varchar(10)?
      second_id: {type: bigint, references: {table: second_jobs, column: id, on_delete: cascade}}
    indexes:
      - {columns: [name], unique: true, where: size > 1}
  second: {columns: {}, notify: never}
"""
)

ALTER = "ALTER TABLE first_jobs"
FIRST = "public.first_jobs:"

DAMAGES = {
    f"{ALTER} DROP COLUMN name": {
        f"{FIRST} column name is missing",
        f"{FIRST} index first_jobs_name_key is missing",
        f"{FIRST} grant INSERT (name) to drift_producer is missing",
    },
    f"{ALTER} ADD extra text": {f"{FIRST} column extra should not be there"},
    f"{ALTER} ALTER name TYPE varchar(11)": {
        f"{FIRST} column name type is character varying(11),"
        " should be character varying(10)"
    },
    f"{ALTER} ALTER name SET NOT NULL": {
        f"{FIRST} column name nullability is NOT NULL, should be NULL"
    },
    f"{ALTER} ALTER size SET DEFAULT 6": {
        f"{FIRST} column size default is 6, should be 5"
    },
    f"{ALTER} ALTER mood DROP DEFAULT": {
        f"{FIRST} column mood default is none, should be 'good'::public.mood"
    },
    f"{ALTER} ALTER id DROP IDENTITY": {
        f"{FIRST} column id identity is none, should be BY DEFAULT"
    },
    f"{ALTER} ALTER id SET GENERATED ALWAYS": {
        f"{FIRST} column id identity is none, should be BY DEFAULT"
    },
    f"{ALTER} RENAME CONSTRAINT first_jobs_pkey TO other": {
        f"{FIRST} primary key is other, should be first_jobs_pkey"
    },
    f"{ALTER} DROP CONSTRAINT first_jobs_size_check": {
        f"{FIRST} check first_jobs_size_check is missing"
    },
    f"{ALTER} DROP CONSTRAINT first_jobs_size_check,"
    " ADD CONSTRAINT first_jobs_size_check CHECK (size > 1) NOT VALID": {
        f"{FIRST} check first_jobs_size_check is (size > 1), should be (size > 0)",
        f"{FIRST} check first_jobs_size_check validity is INVALID, should be VALID",
    },
    f"{ALTER} ADD CHECK (size > 1)": {
        f"{FIRST} check first_jobs_size_check1 should not be there"
    },
    f"{ALTER} DROP CONSTRAINT first_jobs_second_id_fkey, ADD CONSTRAINT"
    " first_jobs_second_id_fkey FOREIGN KEY (second_id) REFERENCES second_jobs": {
        f"{FIRST} foreign key first_jobs_second_id_fkey is from second_id to"
        " public.second_jobs (id) on delete no action, should be from second_id to"
        " public.second_jobs (id) on delete cascade"
    },
    "DROP INDEX first_jobs_ready": {f"{FIRST} index first_jobs_ready is missing"},
    "CREATE INDEX mine ON first_jobs (name)": {
        f"{FIRST} index mine should not be there"
    },
    "DROP INDEX first_jobs_name_key;"
    " CREATE UNIQUE INDEX first_jobs_name_key ON first_jobs (name DESC)": {
        f"{FIRST} index first_jobs_name_key is unique on CREATE UNIQUE INDEX"
        " first_jobs_name_key ON public.first_jobs USING btree (name DESC), should be"
        " unique on name where (size > 1)"
    },
    "UPDATE pg_index SET indisvalid = false"
    " WHERE indexrelid = 'first_jobs_running'::regclass": {
        f"{FIRST} index first_jobs_running validity is INVALID, should be VALID"
    },
    f"{ALTER} RESET (vacuum_index_cleanup)": {
        f"{FIRST} option vacuum_index_cleanup is missing"
    },
    f"{ALTER} SET (autovacuum_vacuum_threshold = 7)": {
        f"{FIRST} option autovacuum_vacuum_threshold is 7, should be 1000"
    },
    f"{ALTER} SET (fillfactor = 50)": {
        f"{FIRST} option fillfactor should not be there"
    },
    "COMMENT ON TABLE first_jobs IS NULL": {
        f"{FIRST} comment is none, should be 'Comes first.'"
    },
    "COMMENT ON COLUMN first_jobs.size IS 'x'": {
        f"{FIRST} column size comment is 'x', should be 'In pixels.'"
    },
    "COMMENT ON TYPE mood IS NULL": {
        "public.mood: comment is none, should be 'How one feels.'"
    },
    "ALTER TYPE mood ADD VALUE 'so-so' BEFORE 'bad'": {
        "public.mood: with the labels is 'good', 'so-so', 'bad', should be 'good', 'bad'"
    },
    "ALTER TYPE mood RENAME TO other": {"public.mood: is missing"}
    | {
        f"{FIRST} column mood type is public.other, should be public.mood",
        f"{FIRST} column mood default is 'good'::public.other,"
        " should be 'good'::public.mood",
    },
    "ALTER TYPE job_status ADD VALUE 'x'": {
        "public.job_status: with the labels is 'job_status_not_started',"
        " 'job_status_running', 'job_status_failed', 'job_status_timed_out',"
        " 'job_status_succeeded', 'job_status_retry', 'x', should be"
        " 'job_status_not_started', 'job_status_running', 'job_status_failed',"
        " 'job_status_timed_out', 'job_status_succeeded', 'job_status_retry'"
    },
    "DROP TRIGGER did_insert_job_first_jobs ON first_jobs": {
        f"{FIRST} trigger did_insert_job_first_jobs is missing"
    },
    f"{ALTER} DISABLE TRIGGER did_insert_job_first_jobs": {"(disabled), should be"},
    "CREATE OR REPLACE FUNCTION notify_job_queued_first_jobs() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'": {
        "function notify_job_queued_first_jobs the body is 'BEGIN RETURN NULL; END'"
    },
    "ALTER FUNCTION notify_job_queued_first_jobs() SECURITY DEFINER": {
        "function notify_job_queued_first_jobs the body is"
    },
    "CREATE TRIGGER mine AFTER INSERT ON first_jobs"
    " EXECUTE FUNCTION notify_job_queued_first_jobs()": {
        f"{FIRST} trigger mine should not be there"
    },
    f"{ALTER} SET UNLOGGED": {f"{FIRST} unlogged storage should not be there"},
    f"{ALTER} ENABLE ROW LEVEL SECURITY": {
        f"{FIRST} row level security should not be there"
    },
    "CREATE RULE mine AS ON UPDATE TO first_jobs DO INSTEAD NOTHING": {
        f"{FIRST} rule mine should not be there"
    },
    "CREATE TABLE more_jobs () INHERITS (first_jobs)": {
        f"{FIRST} child public.more_jobs should not be there"
    },
    f"CREATE TABLE base (name varchar(10)); {ALTER} INHERIT base": {
        f"{FIRST} parent public.base should not be there"
    },
    "ALTER SEQUENCE first_jobs_id_seq MAXVALUE 10": {
        f"{FIRST} sequence of id (maxvalue 10) should not be there"
    },
    "ALTER SEQUENCE first_jobs_id_seq CYCLE": {
        f"{FIRST} sequence of id (cycle) should not be there"
    },
    "REVOKE SELECT ON SEQUENCE first_jobs_wake FROM PUBLIC": {
        f"{FIRST} wake sequence is first_jobs_wake (not readable by PUBLIC),"
        " should be first_jobs_wake"
    },
    "ALTER SEQUENCE first_jobs_wake MINVALUE -1": {"(minvalue -1), should be"},
    "GRANT DELETE ON first_jobs TO drift_worker": {
        f"{FIRST} grant DELETE to drift_worker should not be there"
    },
    "GRANT UPDATE (size) ON first_jobs TO drift_producer": {
        f"{FIRST} grant UPDATE (size) to drift_producer should not be there"
    },
    "REVOKE SELECT (id) ON first_jobs FROM drift_producer": {
        f"{FIRST} grant SELECT (id) to drift_producer is missing"
    },
    "REVOKE UPDATE ON SEQUENCE first_jobs_wake FROM drift_worker": {
        f"{FIRST} grant UPDATE to drift_worker is missing"
    },
    "REVOKE USAGE ON SCHEMA public FROM drift_worker": {
        "public: grant USAGE to drift_worker is missing"
    },
    "REVOKE INSERT ON jobgen_workers FROM drift_worker": {
        "public.jobgen_workers: grant INSERT to drift_worker is missing"
    },
    "ALTER TABLE jobgen_workers ALTER host DROP NOT NULL": {
        "public.jobgen_workers: column host nullability is NULL, should be NOT NULL"
    },
    "DROP TABLE jobgen_workers": {"public.jobgen_workers: is missing"},
    "DROP TABLE first_jobs": {"public.first_jobs: is missing"},
}


def lines(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as conn:
        found = spelt(conn, tables_of(SCHEMA))
    return [str(each) for each in differences(diff(found.live, found.wanted))]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_difference_is_named(database: str, damage: str) -> None:
    """That one, and no other."""
    roles.create(database, ("drift_producer", "drift_worker"))
    apply(database, SCHEMA)
    assert lines(database) == []
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(damage.encode())
    found = lines(database)
    expected = DAMAGES[damage]
    assert len(found) == len(expected), found
    for text in expected:
        assert any(text in line for line in found), (text, found)


def test_partitions_are_named(database: str) -> None:
    """Somebody made the same table of them: no row goes where jobgen looks for it."""
    roles.create(database, ("drift_producer", "drift_worker"))
    apply(database, SCHEMA)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("ALTER TABLE second_jobs RENAME TO before")
        conn.execute(
            "CREATE TABLE second_jobs (LIKE before INCLUDING ALL) PARTITION BY RANGE (id)"
        )
    assert "public.second_jobs: partitions should not be there" in lines(database)


def test_what_others_have_beside_it_is_no_difference(database: str) -> None:
    """Tables, types and grants of whom the schema does not name."""
    roles.create(database, ("drift_producer", "drift_worker", "drift_stranger"))
    apply(database, SCHEMA)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("CREATE TABLE users (id int)")
        conn.execute("CREATE TYPE state AS ENUM ('x')")
        conn.execute("GRANT SELECT ON first_jobs TO drift_stranger")
        conn.execute("GRANT USAGE ON SCHEMA public TO drift_stranger")
    assert lines(database) == []


def test_nothing_is_left_behind(database: str) -> None:
    """The comparison takes no lock that it keeps, and makes nothing that stays."""
    roles.create(database, ("drift_producer", "drift_worker"))
    apply(database, SCHEMA)
    question = "SELECT count(*), max(oid::text) FROM pg_class"
    with psycopg.connect(database, autocommit=True) as conn:
        before = conn.execute(question).fetchone()
        spelt(conn, tables_of(SCHEMA))
        assert conn.execute(question).fetchone() == before
        assert conn.execute("SHOW search_path").fetchone() == ('"$user", public',)


def test_an_empty_database_lacks_everything(database: str) -> None:
    """Also what packages share."""
    assert lines(database) == [
        "public.job_status: is missing",
        "public.mood: is missing",
        "public: grant USAGE to drift_producer is missing",
        "public: grant USAGE to drift_worker is missing",
        "public.jobgen_workers: is missing",
        "public.first_jobs: is missing",
        "public.second_jobs: is missing",
    ]
