"""A step → the text of its file, which `psql -v ON_ERROR_STOP=1 -f` runs as well.

Stage: migrate. Pure.
"""

from __future__ import annotations

from typing import NamedTuple

from jobgen.emit.render import render
from jobgen.migrate import alter
from jobgen.migrate.steps import Lock, Statement, Step

BANNER = "Written by jobgen migrate. Applied once, in order; see checksums."

BASELINE = "-- Baseline: where these tables are, nothing is done."
"""The line of a file that makes what an adopted database has already."""

LOCK_TIMEOUT = "1s"
"""How long a lock is waited for, because all others wait behind it. Then the file is
tried again later."""

STATEMENT_TIMEOUT = "10s"
"""For what should take no time."""


class StatementView(NamedTuple):
    sql: str
    excuse: tuple[str, ...]


class StepView(NamedTuple):
    banner: str
    title: str
    costs: tuple[str, ...]
    bare: bool
    lock_timeout: str
    statement_timeout: str
    statements: tuple[StatementView, ...]


def script(step: Step) -> str:
    """The whole file."""
    return render("migrate/step.sql.jinja", _view(step))


def costs(step: Step) -> tuple[str, ...]:
    """What it takes from those who work meanwhile, in words."""
    locks = sorted(step.locks.items(), key=lambda item: (-item[1], item[0]))
    lines = [f"Locks {table}: {lock}{_meaning(lock)}." for table, lock in locks]
    if step.rewrites:
        lines.append("Rewrites the table.")
    if step.scans:
        lines.append("Reads the whole table, while others go on.")
    if step.patient:
        lines.append("Waits for the end of older transactions; nobody waits for it.")
    if step.bare:
        lines.append("Not one transaction; can be run again wherever it ended.")
    return tuple(lines)


def _meaning(lock: Lock) -> str:
    if lock >= Lock.ACCESS_EXCLUSIVE:
        return ", for a moment"
    if lock >= Lock.SHARE_ROW_EXCLUSIVE:
        return ", which writers wait for, for a moment"
    return ", which nobody waits for"


def _view(step: Step) -> StepView:
    long = step.scans or step.bare
    statements = step.statements
    if any("citext" in statement.sql for statement in statements):
        statements = (alter.find_extension("citext", local=not step.bare), *statements)
    return StepView(
        banner=BANNER,
        title=step.title.replace("\n", " "),
        costs=costs(step),
        bare=step.bare,
        lock_timeout="0" if step.patient else f"'{LOCK_TIMEOUT}'",
        statement_timeout="0" if long else f"'{STATEMENT_TIMEOUT}'",
        statements=tuple(map(_statement, statements)),
    )


def _statement(statement: Statement) -> StatementView:
    rules, _, reason = statement.excuse.partition(": ")
    excuse = (reason, f"squawk-ignore {rules}") if reason else ()
    return StatementView(sql=statement.sql, excuse=excuse)
