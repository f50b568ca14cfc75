"""How long a failed attempt waits: the same on the server and in `retry_delay`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import pytest
from psycopg.types.range import Range

from generated_example import (
    PostWebhook,
    RenderReport,
    post_webhook,
    render_report,
    send_mail,
)
from jobgen.runtime import JobStatus, plans, sync
from jobgen.runtime.job import Fence
from tests.seed.kit import MAIL, Connection, build
from tests.unseen import AnyJob

MOST = 2_000_000_000
ATTEMPTS = [
    *range(13),
    *(29, 30, 31, 32, 33, 61, 62, 63, 64, 65, 127, 300, 301, 1022, 1023, 1024, 1025),
    *(86_399, 86_400, 86_401, 2**30, 2**30 + 1, MOST - 1),
]

SCHEMA = f"""
jobgen: 1
package: sample
output: ../sample
defaults: {{max_attempts: {MOST}}}
jobs:
  constant: {{columns: {{}}, backoff: {{strategy: constant, delay: 7s}}}}
  linear: {{columns: {{}}, backoff: {{strategy: linear, delay: 7s, max: 1h}}}}
  linear_long: {{columns: {{}}, backoff: {{strategy: linear, delay: 1s, max: 1d}}}}
  exponential: {{columns: {{}}, backoff: {{strategy: exponential, delay: 3s, max: 1d}}}}
  exponential_short:
    {{columns: {{}}, backoff: {{strategy: exponential, delay: 500ms, max: 10m}}}}
  plain: {{columns: {{}}}}
"""


def test_delay_is_written_to_the_second_for_any_attempt(
    database: str, tmp_path: Path
) -> None:
    expected: dict[str, Callable[[int], timedelta]] = {
        "constant": lambda n: timedelta(seconds=7),
        "linear": lambda n: min(n * timedelta(seconds=7), timedelta(hours=1)),
        "linear_long": lambda n: min(n, 86_400) * timedelta(seconds=1),
        "exponential": lambda n: min(
            2 ** min(n, 20) * timedelta(seconds=3), timedelta(days=1)
        ),
        "exponential_short": lambda n: min(
            2 ** min(n, 20) * timedelta(seconds=0.5), timedelta(minutes=10)
        ),
        "plain": lambda n: timedelta(seconds=30),
    }
    package = build(SCHEMA, tmp_path)
    with Connection.connect(database, autocommit=True) as conn:
        conn.execute(package.SCHEMA_SQL)
        for name, delay in expected.items():
            module = getattr(package, name)
            job: AnyJob = module.JOB
            for attempts in ATTEMPTS:
                with conn.transaction():
                    assert waits(conn, job, attempts) == [delay(attempts)] * 2, (
                        f"{name} after {attempts}"
                    )
                assert module.retry_delay(attempts) == delay(attempts)
            assert module.retry_delay(MOST) == delay(MOST)


def waits(conn: Connection, job: AnyJob, attempts: int) -> list[timedelta]:
    """What `fail` and `timeout` add to now() after so many attempts."""
    table = job.table
    clear: LiteralString = "DELETE FROM " + table
    insert: LiteralString = "INSERT INTO " + table + " DEFAULT VALUES"
    count: LiteralString = "UPDATE " + table + " SET attempts_count = %s"
    look: LiteralString = "SELECT run_at - now() FROM " + table
    found: list[timedelta] = []
    for by_timeout in (False, True):
        conn.execute(clear)
        conn.execute(insert)
        row = sync.fetch(conn, job, uuid4())
        assert row is not None
        conn.execute(count, [attempts])
        fence = Fence.of(row)._replace(attempts_count=attempts)
        ending = (
            plans.timeout(job.statements, fence)
            if by_timeout
            else plans.fail(job.statements, fence, "no")
        )
        assert sync.run(conn, ending) is JobStatus.RETRY
        ((wait,),) = conn.execute(look)
        found.append(wait)
    return found


def test_the_most_attempts_fail_for_good(conn: Connection) -> None:
    job_id = send_mail.enqueue(conn, MAIL)
    job = send_mail.fetch(conn, uuid4())
    assert job is not None
    conn.execute("UPDATE send_mail_jobs SET attempts_count = %s", [MOST])
    late = replace(job, attempts_count=MOST)
    assert send_mail.fail(conn, late, "no") is JobStatus.FAILED
    ((run_at,),) = conn.execute(
        "SELECT run_at FROM send_mail_jobs WHERE id = %s", [job_id]
    )
    assert run_at == job.run_at


def test_the_wait_is_over_by_the_clock_of_the_server(conn: Connection) -> None:
    conn.autocommit = True
    send_mail.enqueue(conn, MAIL)
    job = send_mail.fetch(conn, uuid4())
    assert job is not None
    ((before,),) = conn.execute("SELECT clock_timestamp()")
    send_mail.fail(conn, job, "no")
    ((run_at, after),) = conn.execute(
        "SELECT run_at, clock_timestamp() FROM send_mail_jobs"
    )
    delay = send_mail.retry_delay(1)
    assert delay == timedelta(seconds=20)
    assert before <= run_at - delay <= after
    conn.execute("UPDATE send_mail_jobs SET run_at = run_at - interval '19 seconds'")
    assert send_mail.fetch(conn, uuid4()) is None
    conn.execute("UPDATE send_mail_jobs SET run_at = run_at - interval '1 second'")
    assert send_mail.fetch(conn, uuid4()) is not None


@pytest.mark.parametrize("attempts", [1, 3, 11])
def test_jitter_stays_between_its_bounds_and_varies(
    conn: Connection, attempts: int
) -> None:
    webhook = PostWebhook(event="paid", url="", payload=None)
    post_webhook.enqueue_many(conn, [webhook] * 300)
    conn.execute("UPDATE post_webhook_jobs SET attempts_count = %s", [attempts - 1])
    whole = post_webhook.retry_delay(attempts)
    assert whole == timedelta(seconds=2 * attempts)
    for job in post_webhook.fetch_many(conn, uuid4(), 300):
        post_webhook.fail(conn, job, "no")
    rows = conn.execute("SELECT run_at - now() FROM post_webhook_jobs").fetchall()
    found: list[timedelta] = sorted(wait for (wait,) in rows)
    assert whole * 0.8 <= found[0] < whole * 0.84
    assert whole * 0.96 < found[-1] <= whole


def test_jitter_comes_after_the_cap(database: str, tmp_path: Path) -> None:
    package = build(
        "jobgen: 1\npackage: sample\noutput: ../sample\njobs:\n  work:\n"
        "    columns: {}\n    max_attempts: 1000\n    backoff:\n"
        "      {strategy: exponential, delay: 1s, max: 100s, jitter: 0.5}\n",
        tmp_path,
    )
    job: AnyJob = package.work.JOB
    with Connection.connect(database, autocommit=True) as conn:
        conn.execute(package.SCHEMA_SQL)
        with conn.transaction():
            found = sorted(wait for _ in range(60) for wait in waits(conn, job, 900))
    assert timedelta(seconds=50) <= found[0] < timedelta(seconds=60)
    assert timedelta(seconds=90) < found[-1] <= timedelta(seconds=100)
    assert package.work.retry_delay(900) == timedelta(seconds=100)


def test_constant_backoff_does_not_grow(conn: Connection) -> None:
    report = RenderReport(title="", period=Range(empty=True))
    render_report.enqueue(conn, report)
    for _ in range(3):
        conn.execute("UPDATE render_report_jobs SET run_at = now()")
        job = render_report.fetch(conn, uuid4())
        assert job is not None
        assert render_report.fail(conn, job, "no") is JobStatus.RETRY
        ((wait,),) = conn.execute("SELECT run_at - now() FROM render_report_jobs")
        assert wait == timedelta(minutes=1) == render_report.retry_delay(99)
