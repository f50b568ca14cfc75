"""`jobgen migrate new` and `plan`: from the last migration to the schema.

Needs no database, but for the first migration of one that others made.
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from jobgen.cli import report
from jobgen.cli.location import banner_source
from jobgen.cli.migrations import (
    SNAPSHOT,
    CannotError,
    Project,
    Written,
    file_name,
    load,
    read,
    write,
)
from jobgen.emit.sql import schema_sql
from jobgen.migrate.adoption import makeable
from jobgen.migrate.breaks import breaks, still_referred
from jobgen.migrate.claims import idle_claims
from jobgen.migrate.codes import Break
from jobgen.migrate.plan import steps_between
from jobgen.migrate.script import BASELINE, costs, script
from jobgen.migrate.snapshot import to_json
from jobgen.migrate.steps import Step
from jobgen.migrate.target import Snapshot, target
from jobgen.schema.tables import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`steps` are none for the first migration, which makes everything; `begun` is what
    it finds where the database is adopted as it is."""

    written: Written
    begun: Database | None
    snapshot: Snapshot
    steps: tuple[Step, ...]
    breaks: tuple[Break, ...]

    @property
    def is_first(self) -> bool:
        return not self.written.chain

    @property
    def moves(self) -> bool:
        """Whether something is retired, which may change nothing in the database."""
        return to_json(self.snapshot) != to_json(self.written.snapshot)

    @property
    def refused(self) -> bool:
        return any(each.refused for each in self.breaks)


def planned(
    project: Project, written: Written, *, drop: bool, begun: Database | None = None
) -> Plan:
    """Raises `CannotError` where the tables would have to be moved."""
    wanted = project.wanted
    old = written.snapshot if begun is None else Snapshot(database=begun)
    if old.database.schema != wanted.schema:
        raise CannotError(
            f"the migrations made tables in {old.database.schema}, and the schema wants"
            f" them in {wanted.schema}; they cannot be moved while anybody uses them"
        )
    snapshot = target(old, wanted, drop=drop)
    is_start = not written.chain and begun is None
    found = () if is_start else breaks(old, wanted, project.schema)
    found = (*found, *still_referred(old.database, snapshot.database))
    refused = any(each.refused for each in found)
    steps = () if refused else steps_between(old.database, snapshot.database)
    return Plan(
        written=written, begun=begun, snapshot=snapshot, steps=steps, breaks=found
    )


def _planned(project: Project, arguments: argparse.Namespace, look: Look) -> Plan:
    """As the command line says."""
    written = read(project)
    if arguments.baseline and written.chain:
        raise CannotError("there are migrations already; a baseline comes first")
    if arguments.dsn is not None and not arguments.baseline:
        raise CannotError(
            "this takes no database but that of a --baseline: leave --dsn away"
        )
    begun = look(project, arguments)
    return planned(project, written, drop=arguments.drop, begun=begun)


Look: TypeAlias = Callable[[Project, argparse.Namespace], Database | None]
"""Finds what a database has that is to be adopted as it is."""


def _no_look(_project: Project, _arguments: argparse.Namespace) -> None:
    """Where the command line names none."""


def new(arguments: argparse.Namespace, look: Look = _no_look) -> int:
    """Writes files: 0, also where there is nothing to do; 1 where it is refused."""
    project = load(arguments.schema, "text")
    name = file_name(arguments.message)
    if not name:
        raise CannotError("-m names nothing; use letters and digits")
    plan = _planned(project, arguments, look)
    for each in plan.breaks:
        (report.print_error if each.refused else report.print_result)(str(each))
    if plan.refused:
        report.print_error(_more(plan))
        return 1
    _tell_idle(plan, project)
    if not plan.steps and not plan.moves:
        report.print_result("nothing to do: the migrations lead to this schema")
        _tell_retired(plan, project)
        return 0
    scripts = scripts_of(project, plan, baseline=arguments.baseline)
    for path in write(project, plan.written, scripts, name, plan.snapshot):
        report.print_result(f"wrote {path}")
    if not scripts:
        report.print_result(f"wrote {project.directory / SNAPSHOT}: no step is needed")
    return 0


def scripts_of(project: Project, plan: Plan, *, baseline: bool) -> list[str]:
    """What is to be written. The first migration is schema.sql itself, a text that is
    known from there, or one of what an adopted database has of it."""
    steps = [script(step) for step in plan.steps]
    if not plan.is_first:
        return steps
    first = project.wanted
    if plan.begun is not None:
        first = makeable(plan.begun, first)
    text = schema_sql(
        first,
        banner_source(project.path, project.directory.resolve()),
        minimum=project.schema.postgres.minimum,
    )
    made = f"{BASELINE}\n{text}" if baseline else text
    return [made] if plan.begun is None else [made, *steps]


def _tell_idle(plan: Plan, project: Project) -> None:
    """Beside the output, which may be JSON."""
    before = plan.begun or plan.written.snapshot.database
    for each in idle_claims(before, project.wanted):
        report.print_error(each)


def _tell_retired(plan: Plan, project: Project) -> None:
    for each in plan.snapshot.retired:
        where = f" of {each.table}" if each.table else ""
        report.print_result(f"retired: {each.kind} {each.name}{where}")
    if plan.snapshot.retired:
        command = shlex.join(["jobgen", "migrate", "new", project.name, "--drop"])
        report.print_result(
            f"when no process of an earlier release runs: {command} -m NAME"
        )


def plan(arguments: argparse.Namespace, look: Look = _no_look) -> int:
    """Prints the steps: 1 where there are any, or a change is refused."""
    project = load(arguments.schema, arguments.format)
    found = _planned(project, arguments, look)
    _tell_idle(found, project)
    if arguments.format == "json":
        report.print_result(json.dumps(_as_json(found), indent=2))
    else:
        for each in found.breaks:
            report.print_result(str(each))
        if found.is_first and found.begun is None:
            report.print_result("the first migration makes everything: schema.sql")
        elif found.refused:
            report.print_result(_more(found))
        else:
            report.print_result("\n".join(_shown(found.steps)))
            _tell_retired(found, project)
    return 1 if found.steps or found.refused else 0


def _more(plan: Plan) -> str:
    """Where it is told why the first change was refused."""
    code = next(each.code for each in plan.breaks if each.refused)
    return f"more: jobgen explain {code}"


def _shown(steps: Sequence[Step]) -> list[str]:
    if not steps:
        return ["nothing to do: the migrations lead to this schema"]
    lines: list[str] = []
    for number, step in enumerate(steps, 1):
        lines.append(f"{number}. {step.title}")
        lines.extend(f"   {line}" for line in costs(step))
    return lines


def _as_json(found: Plan) -> dict[str, object]:
    return {
        "steps": [
            {
                "title": step.title,
                "transaction": not step.bare,
                "locks": {table: str(lock) for table, lock in step.locks.items()},
                "rewrites": step.rewrites,
                "scans": step.scans,
                "sql": script(step),
            }
            for step in found.steps
        ],
        "breaks": [
            {
                "code": each.code,
                "level": each.level,
                "where": each.where,
                "message": each.message,
                "help": each.help,
                "refused": each.refused,
            }
            for each in found.breaks
        ],
        "retired": [
            {"kind": each.kind, "name": each.name, "table": each.table}
            for each in found.snapshot.retired
        ],
    }
