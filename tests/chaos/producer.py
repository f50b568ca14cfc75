"""Enqueues without a pause, and remembers what the server said it has."""

from __future__ import annotations

import threading
import time
from typing import Final, LiteralString

import psycopg

JOBS_PER_SECOND: Final = 500
"""At any scale: only what takes time is scaled."""

_TICK_SECONDS: Final = 0.05
_ENQUEUE: LiteralString = """
INSERT INTO task_jobs (behaviour)
SELECT 'none' FROM generate_series(1, %s) RETURNING id
"""


class Producer:
    """`acknowledged`: the ids of which the commit was answered; these must not be lost.

    An insert whose answer did not come may have been carried out or not.
    """

    def __init__(self, dsn: str) -> None:
        self.acknowledged: set[int] = set()
        self._dsn = dsn
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with psycopg.connect(
                    self._dsn, autocommit=True, connect_timeout=3
                ) as conn:
                    self._produce(conn)
            except psycopg.Error:
                self._stopping.wait(_TICK_SECONDS)

    def _produce(self, conn: psycopg.Connection) -> None:
        number = round(JOBS_PER_SECOND * _TICK_SECONDS)
        due = time.monotonic()
        while not self._stopping.is_set():
            rows = conn.execute(_ENQUEUE, [number]).fetchall()
            self.acknowledged.update(row[0] for row in rows)
            due = max(due + _TICK_SECONDS, time.monotonic() - 1)
            self._stopping.wait(due - time.monotonic())
