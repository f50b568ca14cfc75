"""The transactions of producers: short and long, of every isolation and ending."""

from __future__ import annotations

import random
import time
import uuid
from dataclasses import dataclass
from typing import Final, Literal, LiteralString, TypeAlias

import psycopg
from psycopg import errors
from psycopg.rows import TupleRow

Connection: TypeAlias = psycopg.Connection[TupleRow]

_BEGIN: Final[tuple[LiteralString, ...]] = (
    "BEGIN",
    "BEGIN ISOLATION LEVEL REPEATABLE READ",
    "BEGIN ISOLATION LEVEL SERIALIZABLE",
)
_INSERT: LiteralString = (
    "INSERT INTO task_jobs (note) SELECT 'x' FROM generate_series(1, %s) RETURNING id"
)
_LEFT: LiteralString = (
    "SELECT last_value - extract(epoch FROM clock_timestamp()) * 1000"
    " FROM task_jobs_wake"
)

Ending: TypeAlias = Literal["commit", "prepare", "rollback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """held: seconds from the last insert to the end; a prepared one lies half of them."""

    begin: LiteralString
    rows: int
    savepoint: Literal["none", "kept", "undone"]
    held: float
    ending: Ending


def drawn(draw: random.Random, *, held: float) -> Transaction:
    return Transaction(
        begin=draw.choice(_BEGIN),
        rows=draw.choice((1, 1, 1, 5, 50)),
        savepoint=draw.choice(("none", "kept", "undone")),
        held=held,
        ending=draw.choice(("commit", "commit", "commit", "prepare", "rollback")),
    )


def carry_out(conn: Connection, transaction: Transaction) -> dict[int, float]:
    """The rows that were committed, and when at the latest; in autocommit mode."""
    conn.execute(transaction.begin)
    ids = _insert(conn, transaction.rows)
    if transaction.savepoint != "none":
        conn.execute("SAVEPOINT here")
        more = _insert(conn, 1)
        if transaction.savepoint == "kept":
            ids += more
            conn.execute("RELEASE SAVEPOINT here")
        else:
            conn.execute("ROLLBACK TO SAVEPOINT here")
    time.sleep(transaction.held / 2)
    name = f"two_phase_{uuid.uuid4().hex}"
    prepared = transaction.ending == "prepare" and _prepare(conn, name)
    time.sleep(transaction.held / 2)
    if prepared:
        conn.execute(f"COMMIT PREPARED '{name}'".encode())
    elif transaction.ending == "commit":
        conn.execute("COMMIT")
    else:
        conn.execute("ROLLBACK")
        return {}
    return dict.fromkeys(ids, time.monotonic())


def outlast_promise(conn: Connection, seconds: float) -> dict[int, float]:
    """Insert where a promise is surely read, and commit so long after, unannounced.

    Nothing, where nobody promises anything just now. Asked before and after: a
    promise that is made between the trigger and the question would not be read.
    """
    conn.execute("BEGIN")
    promised = _is_promised(conn)
    ids = _insert(conn, 1)
    if not (promised and _is_promised(conn)):
        conn.execute("ROLLBACK")
        return {}
    time.sleep(seconds)
    conn.execute("COMMIT")
    return dict.fromkeys(ids, time.monotonic())


def _is_promised(conn: Connection) -> bool:
    ((left,),) = conn.execute(_LEFT).fetchall()
    return left is not None and left > 0


def _insert(conn: Connection, rows: int) -> list[int]:
    return [row[0] for row in conn.execute(_INSERT, [rows]).fetchall()]


def _prepare(conn: Connection, name: str) -> bool:
    """False where it has notified: then PostgreSQL undoes it instead."""
    try:
        conn.execute(f"PREPARE TRANSACTION '{name}'".encode())
    except errors.FeatureNotSupported:
        return False
    return True
