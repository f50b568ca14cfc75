"""Migrations are carried out once, whatever happens meanwhile."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.cli.project import SCHEMA, Project
from tests.migrate.commands import SUBJECT, end, holding, migrate, new, recorded, start
from tests.servers import Server

ROWS = 30_000

BEFORE = SCHEMA.replace("{email: text}", "{email: text, size: int}")

AFTER = """\
jobgen: 1
package: app_jobs
output: ../app_jobs
jobs:
  send_mail:
    columns:
      email: {type: text, check: "email <> ''"}
      subject: text?
      size: bigint
      token: {type: uuid, default_sql: gen_random_uuid()}
    indexes: [[email], [token]]
    priority: true
"""


def prepare(project: Project, dsn: str, rows: int = ROWS) -> int:
    """The tables of `BEFORE` with rows, and files that lead on to `AFTER`."""
    new(project, BEFORE, "start")
    assert migrate(project, "apply", f"--dsn={dsn}").code == 0
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO send_mail_jobs (email, size)"
            f" SELECT 'x', 7 FROM generate_series(1, {rows})".encode()
        )
    assert new(project, AFTER, "next").code == 0
    return len(list(Path("schemas/migrations/app_jobs").glob("*.sql")))


def check(project: Project, dsn: str, rows: int = ROWS) -> None:
    """Everything was applied, and every row is as it must be."""
    done = migrate(project, "drift", f"--dsn={dsn}")
    assert (done.code, done.out) == (
        0,
        "no drift: the database is as the schema says\n",
    )
    with psycopg.connect(dsn, autocommit=True) as conn:
        row = conn.execute(
            "SELECT count(*), count(DISTINCT token) FROM send_mail_jobs"
            " WHERE email = 'x' AND priority = 0 AND size = 7"
        ).fetchone()
    assert row == (rows, rows)


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.2])
def test_one_that_was_killed_is_finished_by_the_next(
    project: Project, database: str, delay: float
) -> None:
    """Wherever it was killed, between the steps or in one."""
    files = prepare(project, database)
    while (done := recorded(database)) < files:
        process = start(project, database)
        while recorded(database) == done and process.poll() is None:
            time.sleep(0.01)
        time.sleep(delay)
        process.kill()
        process.communicate()
    check(project, database)


@pytest.mark.parametrize("place", ["DO $jobgen$", "CREATE INDEX CONCURRENTLY"])
def test_a_server_that_restarts_is_worked_with_again(
    project: Project, own_server: Server, place: str
) -> None:
    """In a backfill and in a concurrent build."""
    with own_server.database() as dsn:
        files = prepare(project, dsn, 100_000)
        process = start(project, dsn)
        running = (
            "SELECT count(*) FROM pg_stat_activity WHERE application_name ="
            " 'jobgen migrate' AND state = 'active' AND starts_with(query, %s)"
        )
        with psycopg.connect(dsn, autocommit=True) as watch:
            while watch.execute(running, [place]).fetchone() == (0,):
                assert process.poll() is None
        own_server.restart("immediate")
        code, _, err = end(process)
        assert code == 2
        assert "the connection was lost" in err
        assert "Traceback" not in err
        before = recorded(dsn)
        assert before < files
        assert migrate(project, "apply", f"--dsn={dsn}").code == 0
        assert recorded(dsn) == files
        check(project, dsn, 100_000)


def test_two_at_once_apply_each_file_once(project: Project, database: str) -> None:
    """The second waits, also while the first builds an index concurrently."""
    prepare(project, database)
    processes = [start(project, database) for _ in range(3)]
    ends = [end(process) for process in processes]
    assert [(code, err) for code, _, err in ends] == [(0, "")] * 3
    assert sum("nothing to apply" in out for _, out, _ in ends) == 2
    check(project, database)


@pytest.mark.parametrize("patience", ["nan", "-1", "long"])
def test_patience_is_a_number_of_seconds(project: Project, patience: str) -> None:
    """With no number, it would never end."""
    done = migrate(project, "apply", f"--patience={patience}", "--dsn=host=/nowhere")
    assert done.code == 2
    assert "--patience: must be a number of seconds" in done.err


def test_an_old_transaction_delays_a_migration_and_nobody_else(
    project: Project, database: str
) -> None:
    """It gives up its place in the queue each second, and comes back."""
    prepare(project, database)
    pauses: list[float] = []
    stop = threading.Event()

    def produce() -> None:
        with psycopg.connect(database, autocommit=True) as conn:
            while not stop.is_set():
                begin = time.monotonic()
                conn.execute("INSERT INTO send_mail_jobs (email, size) VALUES ('y', 1)")
                pauses.append(time.monotonic() - begin)
                time.sleep(0.01)

    producer = threading.Thread(target=produce)
    producer.start()
    try:
        with holding(database, "SELECT FROM send_mail_jobs LIMIT 1"):
            process = start(project, database)
            for _ in range(3):
                assert process.stdout is not None
                while "lock timeout; again in" not in process.stdout.readline():
                    assert process.poll() is None
        code, _, err = end(process)
    finally:
        stop.set()
        producer.join()
    assert (code, err) == (0, "")
    assert len(pauses) > 50
    assert max(pauses) < 2
    assert migrate(project, "drift", f"--dsn={database}").code == 0


def test_a_lock_that_is_never_free_is_given_up(project: Project, database: str) -> None:
    """With nothing half done, and how to go on."""
    files = prepare(project, database, 10)
    with holding(database, "SELECT FROM send_mail_jobs LIMIT 1"):
        code, _, err = end(start(project, database, "--patience", "1"))
    assert code == 2
    assert "Somebody holds the lock for longer than this waits" in err
    assert recorded(database) < files
    assert migrate(project, "apply", f"--dsn={database}").code == 0
    check(project, database, 10)


def test_rows_that_break_a_rule_are_named_and_mended_by_hand(
    project: Project, database: str
) -> None:
    """Before the rule is there, under which they could not even be fetched."""
    files = prepare(project, database, 10)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("UPDATE send_mail_jobs SET email = '' WHERE id = 3")
        done = migrate(project, "apply", f"--dsn={database}")
        assert done.code == 2
        assert "rows of public.send_mail_jobs do not fulfil" in done.err
        assert "send_mail_jobs_email_check" in done.err
        assert recorded(database) < files
        conn.execute("UPDATE send_mail_jobs SET status = 'job_status_running'")
        conn.execute("UPDATE send_mail_jobs SET email = 'x' WHERE id = 3")
    assert migrate(project, "apply", f"--dsn={database}").code == 0
    check(project, database, 10)


def test_without_the_privilege_nothing_is_done(project: Project, database: str) -> None:
    """And the server's reason is passed on."""
    new(project, SCHEMA)
    migrate(project, "apply", f"--dsn={database}")
    new(project, SUBJECT)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("DROP ROLE IF EXISTS migrate_nobody")
        conn.execute("CREATE ROLE migrate_nobody LOGIN")
        conn.execute("GRANT ALL ON jobgen_migrations TO migrate_nobody")
    dsn = make_conninfo(database, user="migrate_nobody")
    done = migrate(project, "apply", f"--dsn={dsn}")
    assert done.code == 2
    assert "must be owner of table send_mail_jobs" in done.err
    assert recorded(database) == 1


def test_a_read_only_session_is_refused(project: Project, database: str) -> None:
    """As on a standby."""
    new(project, SCHEMA)
    options = "-c default_transaction_read_only=on"
    dsn = make_conninfo(database, options=options)
    done = migrate(project, "apply", f"--dsn={dsn}")
    assert done.code == 2
    assert "read-only transaction" in done.err
    assert "Traceback" not in done.err


def test_columns_may_have_the_names_that_the_steps_use(
    project: Project, database: str
) -> None:
    """What fills, looks or copies means the column, and never its own variable."""
    dsn = f"--dsn={database}"
    old = SCHEMA.replace("{email: text}", "{found: text, last: text, empty: 'int?'}")
    columns = """
      found: {type: text, check: found <> ''}
      batch: {type: text, renamed_from: last, check: "batch <> ''"}
      job: {type: uuid, default_sql: gen_random_uuid()}
      done: {type: text, nullable: true, check: done <> found}
      empty: int"""
    after = SCHEMA.replace(" {email: text}", columns)
    new(project, old)
    migrate(project, "apply", dsn)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO send_mail_jobs (found, last, empty)"
            " SELECT 'a', 'b', 1 FROM generate_series(1, 10)"
        )
        assert new(project, after).code == 0
        done = migrate(project, "apply", dsn)
        assert (done.code, done.err) == (0, "")
        question = "SELECT DISTINCT found, batch, empty FROM send_mail_jobs"
        assert conn.execute(question).fetchall() == [("a", "b", 1)]
    assert migrate(project, "drift", dsn).code == 0


def waiting(dsn: str, query: str) -> bool:
    """Whether the migration runs a statement that begins so."""
    question = (
        "SELECT FROM pg_stat_activity WHERE application_name = 'jobgen migrate'"
        " AND state = 'active' AND starts_with(query, %s)"
    )
    with psycopg.connect(dsn, autocommit=True) as conn:
        return conn.execute(question, [query]).rowcount > 0


def test_a_row_in_hand_is_filled_later(project: Project, database: str) -> None:
    """A handler that works within a transaction delays the migration, and nothing
    else; the other rows are filled meanwhile."""
    prepare(project, database, 2000)
    _, add, fill = sorted(Path("schemas/migrations/app_jobs").glob("000[2-4]_*.sql"))
    filled = "SELECT count(token) FROM send_mail_jobs"
    psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(fill), database]
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(add.read_bytes())
        with holding(database, "SELECT FROM send_mail_jobs WHERE id = 1 FOR UPDATE"):
            process = subprocess.Popen(psql, stderr=subprocess.DEVNULL)
            while conn.execute(filled).fetchone() != (1999,):
                assert process.poll() is None
            time.sleep(1.5)  # longer than a lock is waited for
            assert process.poll() is None
        assert process.wait() == 0
        assert conn.execute(filled).fetchone() == (2000,)


@pytest.mark.parametrize("index", ["", "CREATE INDEX ON send_mail_jobs (token)"])
def test_a_backfill_reads_each_row_a_few_times_however_many_batches_there_are(
    project: Project, database: str, index: str
) -> None:
    """The planner knows nothing of the new column, and believes that it has values."""
    rows = 20_000
    prepare(project, database, rows)
    _, add, fill = sorted(Path("schemas/migrations/app_jobs").glob("000[2-4]_*.sql"))
    psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(fill), database]
    read = (
        "SELECT seq_scan, idx_tup_fetch FROM pg_stat_user_tables"
        " WHERE relname = 'send_mail_jobs'"
    )
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("ANALYZE send_mail_jobs")
        conn.execute(add.read_bytes())
        conn.execute(index.encode())
        conn.execute("SELECT pg_stat_force_next_flush()")
        [(scans, fetched)] = conn.execute(read).fetchall()
        subprocess.run(psql, check=True, stderr=subprocess.DEVNULL)
        conn.execute("SELECT pg_stat_clear_snapshot()")
        [(scans_after, fetched_after)] = conn.execute(read).fetchall()
        assert conn.execute("SELECT count(token) FROM send_mail_jobs").fetchone() == (
            rows,
        )
    assert scans_after - scans <= 2
    assert fetched_after - fetched < 5 * rows


def test_a_concurrent_build_waits_for_an_old_transaction(
    project: Project, database: str
) -> None:
    """To give up would mean to begin again; nobody waits behind it."""
    new(project, SCHEMA)
    migrate(project, "apply", f"--dsn={database}")
    new(project, SCHEMA + "    indexes: [[email]]\n")
    insert = "INSERT INTO send_mail_jobs (email) VALUES ('x')"
    with holding(database, insert):
        process = start(project, database)
        while not waiting(database, "CREATE INDEX CONCURRENTLY"):
            assert process.poll() is None
        time.sleep(1.5)  # longer than any other lock is waited for
        with psycopg.connect(database, autocommit=True) as conn:
            conn.execute("SET lock_timeout = '100ms'")
            conn.execute(insert.encode())
        assert waiting(database, "CREATE INDEX CONCURRENTLY")
    code, out, err = end(process)
    assert (code, err) == (0, "")
    assert "again in" not in out


def test_a_row_that_is_not_filled_yet_keeps_its_value(
    project: Project, database: str
) -> None:
    """Although a worker writes to it while its renamed column is still empty."""
    new(project, SCHEMA)
    migrate(project, "apply", f"--dsn={database}")
    renamed = "{address: {type: text, renamed_from: email}}"
    new(project, SCHEMA.replace("{email: text}", renamed))
    first, *_ = sorted(Path("schemas/migrations/app_jobs").glob("0002_*.sql"))
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("INSERT INTO send_mail_jobs (email) VALUES ('a'), ('b')")
        conn.execute(first.read_bytes())
        conn.execute("UPDATE send_mail_jobs SET status = 'job_status_running'")
        rows = conn.execute("SELECT email, address FROM send_mail_jobs ORDER BY id")
        assert rows.fetchall() == [("a", "a"), ("b", "b")]
