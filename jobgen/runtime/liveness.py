"""Is a statement that does not answer slow, or is the connection dead?

A half-open connection says nothing for ever: a firewall dropped it, or the other
host is gone. No time limit tells it from a statement that takes long, so the server
is asked, on another connection, whether it is still at work.
"""

from __future__ import annotations

import contextlib
import os
import socket
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

# Between two statements of one piece of work it is idle for a moment. Where a pooler has
# lent the session on, to this very question even, it has got the answer that did not
# come: the transaction is another one.
_ACTIVE: Final[LiteralString] = """\
SELECT state = 'active' OR state_change > clock_timestamp() - interval '1 second'
FROM pg_catalog.pg_stat_activity
WHERE pid = $1::integer
AND ($2::bigint IS NULL OR (extract(epoch FROM xact_start) * 1000000)::bigint = $2)
"""

Open = Callable[[], Awaitable[AsyncConnection[object]]]
"""Opens another connection to the same server. Raises `TimeoutError` where nobody
answers, and `psycopg.Error` where somebody does."""

Ours = Callable[[], Session | None]
"""The session that is to answer; None: a pooler gave us none yet."""


async def is_at_work(open_another: Open, ours: Ours) -> bool:
    """Whether the server still carries out what was asked in our session.

    Where it refuses to say (too many clients, say), the benefit of the doubt. Whoever
    waits for a session of a pooler is served before those who come later: the
    connection is dead if another one was answered meanwhile.
    """
    try:
        async with await open_another() as other:
            cursor = AsyncCursor(other)
            await cursor.execute(_ACTIVE, ours() or (None, None))
            row = await cursor.fetchone()
    except TimeoutError:
        return False
    except (psycopg.Error, OSError):
        return True
    return row is not None and row[0] is not False


def hang_up(conn: AsyncConnection[object]) -> None:
    """End the connection under whoever waits for an answer, who gets an error.

    To cancel the waiting would ask the same silent server for leave.
    """
    with (
        contextlib.suppress(OSError, psycopg.Error),
        socket.socket(fileno=os.dup(conn.fileno())) as twin,
    ):
        twin.shutdown(socket.SHUT_RDWR)
