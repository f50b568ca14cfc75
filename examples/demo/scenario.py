"""The demo from beginning to end; `run` is the table of contents."""

import os
import shutil
import time
from collections.abc import Callable, Mapping, Set
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psycopg

import generated_example as jobs
from examples.demo import (
    orders,
    process,
    producers,
    server,
    summary,
    tables,
    traces,
)
from examples.demo.display import Display, Progress
from examples.demo.process import CHECKOUT, Worker
from examples.demo.producers import Enqueued, Share
from examples.demo.receiver import Receiver, serving
from examples.demo.verify import Facts, verify

KILL_AT: Final = 0.4
"""The part of the backlog that is done when the first worker is killed."""
PATIENCE: Final = 120.0
"""Seconds after which the jobs should have been done long ago."""
OLD_CHART: Final = "report-0.svg"
"""A chart of two months ago, for `prune_charts` to delete."""


class DemoError(Exception):
    """The demo cannot go on; the text is for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What every scene needs. `kept` stays; `scratch` goes with the demo."""

    dsn: str
    conn: psycopg.Connection[object]
    display: Display
    receiver: Receiver
    webhook_url: str
    kept: Path
    scratch: Path

    @property
    def maildir(self) -> Path:
        return self.kept / "Maildir"

    @property
    def charts(self) -> Path:
        return self.kept / "charts"

    @property
    def environment(self) -> dict[str, str]:
        """What `examples.worker` reads."""
        return {
            "DATABASE_URL": self.dsn,
            "MAILDIR": str(self.maildir),
            "CHARTS": str(self.charts),
            "WEBHOOK_URL": self.webhook_url,
        }

    def worker_log(self, name: str) -> Path:
        return self.scratch / f"{name}-worker.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """The end of the first worker: its exit status, and what it was at."""

    status: int
    lost: Mapping[str, Set[str]]


def run(count: int, display: Display, kept: Path) -> int:
    """Play it with about `count` jobs; 0 if everything agrees in the end, else 1.

    Raises `DemoError` and `ServerError`.
    """
    with ExitStack() as stack:
        stage = _set_up(stack, display, kept)
        backlog = _enqueue(stage, Share.of(count))
        killed = _first_worker(stage, backlog)
        enqueued, stopped = _second_worker(stage, backlog, Share.of(count))
        outcomes = summary.outcomes(stage.conn, killed.lost)
        print(f"\n{summary.table(outcomes, enqueued.counts)}")
        print(f"\n{summary.NOTES}\n")
        discrepancies = verify(_facts(stage, enqueued, killed, stopped))
        return _conclude(stage, discrepancies)


def _set_up(stack: ExitStack, display: Display, kept: Path) -> Stage:
    display.say("starting PostgreSQL and the webhooks' receiver")
    dsn = stack.enter_context(server.running())
    receiver = Receiver()
    stage = Stage(
        dsn=dsn,
        conn=stack.enter_context(psycopg.connect(dsn, autocommit=True)),
        display=display,
        receiver=receiver,
        webhook_url=stack.enter_context(serving(receiver)),
        kept=kept,
        scratch=Path(stack.enter_context(TemporaryDirectory(prefix="jobgen-logs-"))),
    )
    display.say("applying generated_example/schema.sql and examples/app.sql")
    stage.conn.execute(jobs.SCHEMA_SQL)
    stage.conn.execute((CHECKOUT / "examples" / "app.sql").read_bytes())
    orders.insert_year(stage.conn, orders.last_months(datetime.now(UTC).date()))
    _make_old_chart(stage.charts / OLD_CHART)
    return stage


def _make_old_chart(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("<svg/>")
    two_months_ago = time.time() - 60 * 24 * 3600
    os.utime(path, times=(two_months_ago, two_months_ago))


def _enqueue(stage: Stage, share: Share) -> Enqueued:
    started = time.monotonic()
    backlog = producers.enqueue_backlog(stage.conn, share)
    took = time.monotonic() - started
    stage.display.say(f"enqueued {backlog.total:,} jobs in {took:.2f} s")
    return backlog


def _first_worker(stage: Stage, enqueued: Enqueued) -> Killed:
    """It gets so far, and is killed while it has jobs in its hands."""
    log = stage.worker_log("first")
    with process.started(stage.environment, log) as worker:
        stage.display.say(f"worker 1 runs (process {worker.pid})")
        _watch(
            stage,
            worker,
            enqueued,
            lambda now: now.done >= KILL_AT * now.total and now.running > 0,
        )
        status = worker.kill()
    # What it had sent to the server may still be carried out.
    _wait_until(lambda: tables.other_sessions(stage.conn) == 0)
    lost = tables.running_ids(stage.conn)
    number = sum(map(len, lost.values()))
    stage.display.say(f"worker 1 was killed, with {number} jobs in its hands")
    return Killed(status=status, lost=lost)


def _second_worker(
    stage: Stage, enqueued: Enqueued, share: Share
) -> tuple[Enqueued, int]:
    """It does the rest, and what is enqueued meanwhile; its exit status."""
    log = stage.worker_log("second")
    with process.started(stage.environment, log) as worker:
        stage.display.say(f"worker 2 runs (process {worker.pid})")
        enqueued += producers.enqueue_last_attempts(stage.conn)
        for number in range(share.orders):
            enqueued += producers.place_order(stage.conn, number)
            stage.display.show(_progress(stage, enqueued))
        stage.display.say(f"placed {share.orders} orders, each with a mail and webhook")
        _watch(stage, worker, enqueued, lambda _: tables.rescued(stage.conn) > 0)
        rescued = tables.rescued(stage.conn)
        stage.display.say(f"worker 2 has rescued {rescued} jobs of worker 1")
        _watch(stage, worker, enqueued, lambda now: now.left == 0)
        status = worker.stop()
    stage.display.say(f"worker 2 was stopped by SIGTERM: exit status {status}")
    return enqueued, status


def _watch(
    stage: Stage,
    worker: Worker,
    enqueued: Enqueued,
    until: Callable[[Progress], bool],
) -> None:
    """Show the progress until something is the case. Raises `DemoError`."""

    def reached() -> bool:
        if not worker.running:
            raise DemoError(f"the worker has ended:\n{worker.log.read_text()}")
        now = _progress(stage, enqueued)
        stage.display.show(now)
        return until(now)

    _wait_until(reached)


def _wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise DemoError(f"the jobs were not done within {PATIENCE:.0f} seconds")
        time.sleep(0.05)


def _progress(stage: Stage, enqueued: Enqueued) -> Progress:
    return Progress(states=tables.states(stage.conn), enqueued=enqueued.counts)


def _facts(stage: Stage, enqueued: Enqueued, killed: Killed, stopped: int) -> Facts:
    conn = stage.conn
    return Facts(
        enqueued=enqueued.counts,
        rows=traces.rows(conn),
        lost=killed.lost,
        killed=killed.status,
        stopped=stopped,
        messages=traces.messages(stage.maildir),
        heard=traces.heard(stage.receiver.log),
        contacts=traces.contacts(conn),
        expected_contacts={file.name: file.contacts for file in enqueued.files},
        passed_on=traces.passed_on(conn),
        charts=traces.charts(stage.charts),
        figures=traces.figures(conn),
        orders=traces.orders(conn),
        old_chart=(stage.charts / OLD_CHART).exists(),
    )


def _conclude(stage: Stage, discrepancies: list[str]) -> int:
    print(f"mail:   {stage.maildir}")
    print(f"charts: {stage.charts}")
    if not discrepancies:
        print("what the handlers left behind agrees with the tables")
        return 0
    print("what the handlers left behind does NOT agree with the tables:")
    for line in discrepancies:
        print(f"  {line}")
    logs = shutil.copytree(stage.scratch, stage.kept / "logs")
    print(f"the workers' logs: {logs}")
    return 1
