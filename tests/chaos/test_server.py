"""A server that throws its clients out, crashes, is away, or has no room."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import psycopg

from tests.chaos.disk import small_disk
from tests.chaos.stage import Stage, stage
from tests.chaos.standby import both, standby
from tests.chaos.times import Times
from tests.servers import Server


def test_every_connection_is_terminated_again_and_again(on_stage: Stage) -> None:
    for _ in range(4):
        on_stage.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        time.sleep(on_stage.times.between_faults)
    on_stage.verdict("pg_terminate_backend")


def test_the_server_crashes_and_recovers(
    own_server: Server, on_own_stage: Stage
) -> None:
    for _ in range(2):
        own_server.restart("immediate")
        time.sleep(on_own_stage.times.between_faults)
    on_own_stage.verdict("stop -m immediate")


def test_the_server_is_away(own_server: Server, on_own_stage: Stage) -> None:
    own_server.stop()
    time.sleep(on_own_stage.times.outage)
    own_server.start()
    on_own_stage.verdict("server away")


def test_no_connection_is_left(own_server: Server, on_own_stage: Stage) -> None:
    """While others have them all, workers are thrown out, and cannot come back."""
    with ExitStack() as others:
        _take_all(own_server, others)
        with psycopg.connect(own_server.dsn(), autocommit=True) as conn:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name LIKE 'jobgen %'"
            )
        _take_all(own_server, others)
        time.sleep(on_own_stage.times.outage)
    on_own_stage.verdict("max_connections")


def _take_all(server: Server, others: ExitStack) -> None:
    """Every connection but the last one, which an administrator keeps."""
    taken: list[psycopg.Connection] = []
    try:
        while True:
            conn = psycopg.connect(server.dsn(), application_name="others")
            taken.append(others.enter_context(conn))
    except psycopg.OperationalError:
        if taken:
            taken[-1].close()


def test_a_standby_takes_over(own_server: Server, tmp_path: Path, times: Times) -> None:
    """What the first server had acknowledged is on the second."""
    with (
        standby(own_server) as second,
        stage(both(own_server, second), tmp_path, times) as on_stage,
    ):
        time.sleep(times.between_faults)
        own_server.stop("immediate")
        second.promote()
        on_stage.verdict("a standby promoted")


def test_the_disk_is_full(own_server: Server, tmp_path: Path, times: Times) -> None:
    """The tables lie on a small disk, which something else fills up for a while."""
    with (
        small_disk(own_server, megabytes=64) as (disk, dsn),
        stage(dsn, tmp_path, times) as on_stage,
    ):
        disk.fill()
        time.sleep(times.outage)
        disk.free()
        on_stage.verdict("disk full")
