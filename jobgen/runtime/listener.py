"""Hears notifications on the connection that fetches, between two statements.

Where it is the same connection, whatever was announced before a statement is heard
at its end: there is no moment between "I have looked" and "I listen".
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import psycopg
from psycopg import AsyncConnection, Notify, sql

from jobgen.runtime.cursor import AsyncCursor


class Listener:
    """Calls `heard` with the channel of each notification."""

    def __init__(self, channels: Sequence[str], heard: Callable[[str], None]) -> None:
        self._channels = channels
        self._heard = heard

    async def subscribe(self, conn: AsyncConnection[object]) -> None:
        """From now on; to be called once for each connection."""
        conn.add_notify_handler(self._notified)
        for channel in self._channels:
            await AsyncCursor(conn).execute(
                sql.SQL("LISTEN {}").format(sql.Identifier(channel))
            )

    async def sleep(
        self, conn: AsyncConnection[object], wake: asyncio.Event, seconds: float
    ) -> None:
        """Until `wake` is set, for so long at most; `heard` may set it.

        Raises `psycopg.OperationalError` where the connection is lost meanwhile.
        """
        loop = asyncio.get_running_loop()
        lost: list[psycopg.Error] = []

        def readable() -> None:
            try:
                conn.pgconn.consume_input()
                while (notification := conn.pgconn.notifies()) is not None:
                    self._heard(notification.relname.decode())
            except psycopg.Error as error:
                lost.append(error)
                loop.remove_reader(socket)
                wake.set()

        socket = conn.fileno()
        readable()  # what came with the last statement's answer
        loop.add_reader(socket, readable)
        try:
            await pause(wake, seconds)
        finally:
            loop.remove_reader(socket)
        if lost:
            raise lost[0]

    def _notified(self, notification: Notify) -> None:
        self._heard(notification.channel)


async def pause(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, for so many seconds at most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
