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
from typing import Final, LiteralString

import psycopg
from psycopg import AsyncConnection

from jobgen.runtime.cursor import AsyncCursor

DOUBT_SECONDS: Final = 3.0
"""A statement without an answer for so long is doubted, and again each time."""

# Between two statements of one piece of work it is idle for a moment. A pooler that has
# lent the session to this very question has got the answer that did not come.
_ACTIVE: Final[LiteralString] = """\
SELECT state = 'active' OR state_change > clock_timestamp() - interval '1 second'
FROM pg_catalog.pg_stat_activity
WHERE pid = $1::integer AND pid <> pg_catalog.pg_backend_pid()
"""

Open = Callable[[], Awaitable[AsyncConnection[object]]]
"""Opens another connection to the same server. Raises `TimeoutError` where nobody
answers, and `psycopg.Error` where somebody does."""

Session = Callable[[], int | None]
"""The process id of the session that is to answer; None: a pooler gave us none yet."""


async def is_at_work(open_another: Open, session: Session) -> bool:
    """Whether the server still carries out what was asked in `session`.

    Where it refuses to say (too many clients, say), the benefit of the doubt. Whoever
    waits for a session of a pooler is served before those who come later: the
    connection is dead if another one was answered meanwhile.
    """
    try:
        async with await open_another() as other:
            cursor = AsyncCursor(other)
            await cursor.execute(_ACTIVE, (session(),))
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
