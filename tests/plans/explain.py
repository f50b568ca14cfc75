"""What the server does for a statement of a worker, on a worker's connection."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, LiteralString, NotRequired, TypedDict

from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from jobgen.runtime.link import open_connection

_LOOK_UP: Final = re.compile(r"\b(id|locked_at) = ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What matters of a plan. `indexes` and `scanned` are of the job's table."""

    indexes: frozenset[str]
    scanned: bool
    """Whether it reads all of the job's table, or all of its primary key."""
    sorts: bool
    looks_up: bool
    """Whether it finds each row by a value that hardly another one has."""
    buffers: int
    """Pages that were touched, if it was carried out."""


@asynccontextmanager
async def worker_connection(dsn: str) -> AsyncGenerator[AsyncConnection[object]]:
    """With all that a worker sets on it, and every plan generic."""
    conn = await open_connection(dsn, "jobgen plans")
    async with conn:
        await conn.execute("SET plan_cache_mode = force_generic_plan")
        # What a worker sets bounds its own statements, not a table of 200,000 rows.
        await conn.execute("SET statement_timeout = 0")
        yield conn


async def explain(
    conn: AsyncConnection[object], table: str, statement: LiteralString
) -> Plan:
    """The generic plan, which no value has a part in."""
    count = len(set(re.findall(r"\$\d+", statement)))
    return await _explain(conn, table, statement, "", ["NULL"] * count)


async def measure(
    conn: AsyncConnection[object],
    table: str,
    statement: LiteralString,
    values: Sequence[str],
) -> Plan:
    """The same, carried out and undone again."""
    async with conn.transaction(force_rollback=True):
        return await _explain(conn, table, statement, "ANALYZE, BUFFERS, ", values)


async def _explain(
    conn: AsyncConnection[object],
    table: str,
    statement: str,
    options: str,
    values: Sequence[str],
) -> Plan:
    call = f"EXECUTE probe ({', '.join(values)})" if values else "EXECUTE probe"
    cursor = conn.cursor(row_factory=tuple_row)
    await cursor.execute(f"PREPARE probe AS {statement}".encode())
    await cursor.execute(f"EXPLAIN ({options}FORMAT json) {call}".encode())
    ((((root,),),),) = [await cursor.fetchall()]
    await cursor.execute("DEALLOCATE probe")
    return _plan(root["Plan"], table)


_Node = TypedDict(
    "_Node",
    {
        "Node Type": str,
        "Relation Name": NotRequired[str],
        "Index Name": NotRequired[str],
        "Index Cond": NotRequired[str],
        "Shared Hit Blocks": NotRequired[int],
        "Shared Read Blocks": NotRequired[int],
        "Plans": NotRequired[list["_Node"]],
    },
)
"""What is looked at of a node of a plan, as JSON."""


def _plan(root: _Node, table: str) -> Plan:
    nodes = list(_nodes(root))
    # A bitmap names its index in a node that names no table.
    indexes = {str(node["Index Name"]) for node in nodes if "Index Name" in node}
    return Plan(
        indexes=frozenset(name for name in indexes if name.startswith(table)),
        scanned=any(
            (node["Node Type"] == "Seq Scan" and node.get("Relation Name") == table)
            or (node.get("Index Name") == f"{table}_pkey" and "Index Cond" not in node)
            for node in nodes
        ),
        looks_up=all(
            _LOOK_UP.search(node.get("Index Cond", ""))
            for node in nodes
            if node.get("Index Name", "").startswith(table)
        ),
        sorts=any("Sort" in node["Node Type"] for node in nodes),
        buffers=root.get("Shared Hit Blocks", 0) + root.get("Shared Read Blocks", 0),
    )


def _nodes(node: _Node) -> Iterator[_Node]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
