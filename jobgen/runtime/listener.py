"""Wakes the worker at every notification, on a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from psycopg import AsyncConnection, sql

from jobgen.runtime.cursor import AsyncCursor
from jobgen.runtime.link import STATEMENT_SECONDS, Connect, open_connection
from jobgen.runtime.log import FAULTS, LOGGER, Backoff, told

PROBE_SECONDS = 5.0
"""A silent connection is asked so often whether it is still alive."""


async def listen(
    connect: Connect, name: str, channels: Sequence[str], heard: Callable[[str], None]
) -> None:
    """Call `heard` with the channel of each notification, until cancelled.

    Also with every channel after each new connection: what was announced before
    is not repeated. Faults of the database are logged and waited out.
    """
    backoff = Backoff()
    while True:
        try:
            conn = await open_connection(connect, name)
            try:
                async with asyncio.timeout(STATEMENT_SECONDS):
                    await _subscribe(conn, channels)
                backoff.succeeded()
                for channel in channels:
                    heard(channel)
                await _wait(conn, heard)
            finally:
                await conn.close()
        except FAULTS as error:
            wait = backoff.failed()
            LOGGER.warning("LISTEN failed, again in %.1f s: %s", wait, told(error))
            await asyncio.sleep(wait)


async def _subscribe(conn: AsyncConnection[object], channels: Sequence[str]) -> None:
    for channel in channels:
        await AsyncCursor(conn).execute(
            sql.SQL("LISTEN {}").format(sql.Identifier(channel))
        )


async def _wait(conn: AsyncConnection[object], heard: Callable[[str], None]) -> None:
    while True:
        async for notification in conn.notifies(timeout=PROBE_SECONDS):
            heard(notification.channel)
        async with asyncio.timeout(STATEMENT_SECONDS):
            await AsyncCursor(conn).execute("SELECT")
