"""Producers that keep workers going from busy to asleep, and what each job waited.

A *cycle* is a burst of short transactions, which makes workers promise, and then
a silence. Long transactions insert in the burst, and read the promise; they end in
the silence, when the workers are about to sleep, and nobody notifies them.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

import psycopg

from tests.wakeups.transactions import (
    Connection,
    Transaction,
    carry_out,
    drawn,
    outlast_promise,
)

BURST: Final = 0.3
SILENCE: Final = 3.0
"""Seconds without an insert, in which nothing wakes a worker that overlooked a row."""
_SHORT: Final = 3
_LONG: Final = 10
_LONGEST: Final = SILENCE / 3
_FAR_LONGEST: Final = 2 * SILENCE
_LATER: Final = 0.3
"""Seconds after the others by which workers sleep again."""


class Producers:
    """Carries out transactions on the database `dsn` until all cycles are over.

    `commits`: when each job's commit was answered, by the monotonic clock.
    """

    def __init__(self, dsn: str, seed: int) -> None:
        self.commits: dict[int, float] = {}
        self.done: list[Transaction] = []
        """What was committed."""
        self.outlasted = 0
        """Transactions that read a promise, and committed when workers slept."""
        self._dsn = dsn
        self._draw = random.Random(seed)
        self._errors: list[BaseException] = []

    def produce(self, seconds: float) -> None:
        """Cycles for so long, at least one. Raises what a producer raised."""
        end = time.monotonic() + seconds
        threads: list[threading.Thread] = []
        while True:
            threads += self._cycle()
            time.sleep(SILENCE)
            if time.monotonic() > end:
                break
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _cycle(self) -> list[threading.Thread]:
        """A burst; the threads whose transactions outlive it."""
        over = time.monotonic() + BURST
        short = [self._started(self._drawn_until(over)) for _ in range(_SHORT)]
        long_ = [self._started([self._long()], BURST / 2) for _ in range(_LONG)]
        long_.append(self._thread(lambda conn: self._outlast(conn, over)))
        for thread in short:
            thread.join()
        return long_

    def _drawn_until(self, end: float) -> Iterable[Transaction]:
        draw = random.Random(self._draw.random())
        while time.monotonic() < end:
            yield drawn(draw, held=draw.choice((0.0, 0.0, 0.002, 0.02)))

    def _long(self) -> Transaction:
        longest = self._draw.choice((_LONGEST, _LONGEST, _LONGEST, _FAR_LONGEST))
        return drawn(self._draw, held=BURST / 2 + self._draw.uniform(0, longest))

    def _started(
        self, transactions: Iterable[Transaction], after: float = 0.0
    ) -> threading.Thread:
        def work(conn: Connection) -> None:
            time.sleep(after)
            for transaction in transactions:
                if committed := carry_out(conn, transaction):
                    self.commits.update(committed)
                    self.done.append(transaction)

        return self._thread(work)

    def _outlast(self, conn: Connection, end: float) -> None:
        """One that commits when all others of its cycle have, and workers sleep."""
        while time.monotonic() < end:
            if committed := outlast_promise(conn, BURST + _LONGEST + _LATER):
                self.commits.update(committed)
                self.outlasted += 1
                return

    def _thread(self, work: Callable[[Connection], None]) -> threading.Thread:
        def main() -> None:
            try:
                with psycopg.connect(self._dsn, autocommit=True) as conn:
                    work(conn)
            except BaseException as error:
                self._errors.append(error)

        thread = threading.Thread(target=main)
        thread.start()
        return thread
