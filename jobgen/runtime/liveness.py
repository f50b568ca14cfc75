"""Is a statement that does not answer slow, or is the connection dead?

A half-open connection says nothing for ever: a firewall dropped it, or the other
host is gone. No time limit tells it from a statement that takes long, so the server
is asked, on another connection, whether it is still at work. One that sends an answer
which never comes in says that it is; over a slow connection it comes in bit by bit.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Final, LiteralString, NamedTuple

import psycopg
from psycopg import AsyncConnection

from jobgen.runtime.cursor import AsyncCursor

DOUBT_SECONDS: Final = 3.0
"""A statement without an answer for so long is doubted, and again each time."""


class Session(NamedTuple):
    """pid: the server's process. since: when its transaction began, in microseconds
    since 1970; None: it is ours whatever transaction it is in."""

    pid: int
    since: int | None


TRANSACTION: Final[LiteralString] = """\
SELECT
    pg_catalog.pg_backend_pid(),
    (extract(epoch FROM pg_catalog.transaction_timestamp()) * 1000000)::bigint;
"""
"""The session, and when the transaction of this very statement began."""

_OURS: Final[LiteralString] = """\
FROM pg_catalog.pg_stat_activity
WHERE pid = $1::integer
AND (
    $2::bigint IS NULL
    OR xact_start IS NULL
    OR (extract(epoch FROM xact_start) * 1000000)::bigint = $2
)
"""
# Between two statements of one piece of work it is idle for a moment. Where a pooler has
# lent the session on, to this very question even, it has got the answer that did not
# come: the transaction is another one, or none. That is NULL too to a role that may not
# see it.
_ACTIVE: Final[LiteralString] = f"""\
SELECT
    state = 'active' OR state_change > clock_timestamp() - interval '1 second',
    wait_event = 'ClientWrite'
{_OURS}"""
# No time limit ends a process that waits to send.
_END: Final[LiteralString] = f"""\
SELECT pg_catalog.pg_terminate_backend(pid)
{_OURS}AND wait_event = 'ClientWrite'
"""

# Of struct tcp_info: how many milliseconds ago the last data came in.
_LAST_DATA: Final = slice(52, 56)

Open = Callable[[], Awaitable[AsyncConnection[object]]]
"""Opens another connection to the same server. Raises `TimeoutError` where nobody
answers, and `psycopg.Error` where somebody does."""

Ours = Callable[[], Session | None]
"""The session that is to answer; None: a pooler gave us none yet."""


async def is_at_work(
    conn: AsyncConnection[object], open_another: Open, ours: Ours
) -> bool:
    """Whether the server still carries out what was asked in our session, on `conn`.

    Where it refuses to say (too many clients, say), or falls silent over the question
    itself, the benefit of the doubt, until it is asked again. Whoever
    waits for a session of a pooler is served before those who come later: the
    connection is dead if another one was answered meanwhile.
    """
    try:
        async with await open_another() as other:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(DOUBT_SECONDS, hang_up, other)
            try:
                return await _says(AsyncCursor(other), ours(), conn)
            finally:
                timer.cancel()
    except TimeoutError:
        return False
    except (psycopg.Error, OSError):
        return True


async def _says(
    cursor: AsyncCursor, ours: Session | None, conn: AsyncConnection[object]
) -> bool:
    """What the server says of our session, if it does not contradict what comes in.

    A session whose answer does not is ended: it would hold our rows, for as long as
    the server's system hopes that we take the rest.
    """
    session = ours or (None, None)
    asked = time.monotonic()
    await cursor.execute(_ACTIVE, session)
    row = await cursor.fetchone()
    if row is None:
        return False
    is_active, is_sending = row
    # Looked at only now: what had been sent when the server said so has come in.
    if is_sending and _heard(conn) < asked - DOUBT_SECONDS:
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
            await cursor.execute(_END, session)
        return False
    return is_active is not False


def _heard(conn: AsyncConnection[object]) -> float:
    """When the last data came in, on the monotonic clock.

    Now, if nobody knows, or where some has not been read yet: it may have kept out more.
    """
    now = time.monotonic()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, psycopg.Error), _twin(conn) as twin:
            info = twin.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA.stop)
            try:
                twin.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return now - int.from_bytes(info[_LAST_DATA], sys.byteorder) / 1000
    return now


def hang_up(conn: AsyncConnection[object]) -> None:
    """End the connection under whoever waits for an answer, who gets an error.

    To cancel the waiting would ask the same silent server for leave.
    """
    with contextlib.suppress(OSError, psycopg.Error), _twin(conn) as twin:
        twin.shutdown(socket.SHUT_RDWR)


def _twin(conn: AsyncConnection[object]) -> socket.socket:
    """The same socket, to be closed without a loss to the connection."""
    twin = socket.socket(fileno=os.dup(conn.fileno()))
    twin.setblocking(False)  # as it is already, whatever the program's default says
    return twin
