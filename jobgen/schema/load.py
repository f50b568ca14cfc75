"""The bytes of a schema file → a `Schema`, and what is wrong with it.

Stage: schema, all of it in one function: text → nodes → model → checks. Never
raises for anything that a user can write.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from keyword import iskeyword

from jobgen.schema import names
from jobgen.schema.checks import check
from jobgen.schema.context import Context
from jobgen.schema.diagnostics import Diagnostic, Gatherer, Span, shown
from jobgen.schema.enums import load_enums
from jobgen.schema.fields import Fields
from jobgen.schema.forms import Key, describe
from jobgen.schema.grammar import GRAMMAR
from jobgen.schema.grammar import Postgres as PostgresKeys
from jobgen.schema.grammar import Roles as RolesKeys
from jobgen.schema.grammar import Top as Keys
from jobgen.schema.invisible import is_visible
from jobgen.schema.jobs import load_jobs
from jobgen.schema.model import Enum, Job, Postgres, Roles, Schema
from jobgen.schema.nodes import Broken, Mapping, compose
from jobgen.schema.places import Places
from jobgen.schema.source import decode, readable

_RELATIVE = "write a path that starts at this file's directory"

_TAKEN = frozenset({"jobgen", "psycopg"})
"""What generated code imports: a package of that name would hide it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The outcome for one file; `schema` is None where anything is an error.

    `text` is the decoded file, for printing lines of it; `output` where the key
    `output` has its value, for what only the file system can tell about it.
    """

    schema: Schema | None
    diagnostics: tuple[Diagnostic, ...]
    text: str
    output: Span


def load_schema(data: bytes, source: str) -> Loaded:
    """Reads the schema file `source`, a name that diagnostics will carry."""
    found, places = Gatherer(), Places(source)
    text = decode(data, source, found)
    root = None if text is None else compose(text, source, found)
    schema: Schema | None = None
    if isinstance(root, Mapping):
        schema = _schema(root, found, places)
    elif root is not None and not isinstance(root, Broken):
        message = f"a schema is a mapping of keys to values, not {describe(root)}"
        help = "start with 'jobgen: 1', 'package:', 'output:' and 'jobs:'"
        found.error("not-a-mapping", root.span, message, help)
    return Loaded(
        schema=None if found.failed else schema,
        diagnostics=found.in_order(),
        text=readable(data) if text is None else text,
        output=places.at("output"),
    )


def _schema(root: Mapping, found: Gatherer, places: Places) -> Schema | None:
    if not _readable_version(root, found):
        return None
    top = root.entries[0].key.span if root.entries else root.span
    fields = Fields(root, Keys.KEYS, found, what="the schema", place=top)
    package, output = _package(fields, found), _output(fields, found, places)
    postgres = _postgres(fields, found)
    enums = _enums(fields, found, places)
    context = Context(
        found=found,
        places=places,
        postgres=postgres,
        enums=_by_name(enums),
    )
    jobs = _jobs(fields, context)
    _check_postponed(fields, found)
    schema = Schema(
        package=package,
        output=output,
        postgres=postgres,
        enums=enums,
        jobs=jobs,
        roles=_roles(fields, found),
    )
    check(schema, places, found)
    return schema


def _readable_version(root: Mapping, found: Gatherer) -> bool:
    """Whether the rest of the file means anything to this release."""
    entry = root.find(Keys.JOBGEN.name)
    if entry is None:
        return True  # a missing key is reported with the others
    version = Keys.JOBGEN.form.read(entry.value, found)
    if version is not None and version != GRAMMAR:
        message = f"this jobgen reads version {GRAMMAR} of the grammar, not {version}"
        help = f"write 'jobgen: {GRAMMAR}', or install another jobgen"
        found.error("unsupported-version", entry.value.span, message, help)
    return version in (None, GRAMMAR)


def _package(fields: Fields, found: Gatherer) -> str:
    package, span = fields.get_or(Keys.PACKAGE, ""), fields.span(Keys.PACKAGE)
    if not package or span is None:
        return ""
    parts = package.split(".")
    if not all(re.fullmatch(r"[A-Za-z_]\w*", part, re.ASCII) for part in parts):
        message = f"{shown(package)} cannot be imported"
        better = re.sub(r"[^\w.]+", "_", package, flags=re.ASCII)
        fits = all(re.match(r"[A-Za-z_]", part) for part in better.split("."))
        help = f"write '{better}'" if fits else "use identifiers joined by '.'"
        found.error("bad-package", span, message, help)
    elif any(map(iskeyword, parts)):
        message = f"{shown(package)} contains a keyword of Python"
        found.error("bad-package", span, message, "use another name")
    elif parts[0] in _TAKEN or parts[0] in sys.stdlib_module_names:
        message = f"'{parts[0]}' is another package that generated code may need"
        found.error("bad-package", span, message, "use another name")
    return package


def _output(fields: Fields, found: Gatherer, places: Places) -> str:
    output, span = fields.get_or(Keys.OUTPUT, ""), fields.span(Keys.OUTPUT)
    if not output or span is None:
        return ""
    places.note(span, "output")
    problem = _path_problem(output)
    if problem is not None:
        found.error("bad-path", span, *problem)
    return output


def _path_problem(path: str) -> tuple[str, str] | None:
    if path.startswith(("/", "~")) or re.match("[A-Za-z]:", path):
        return f"{shown(path)} is not relative to this file", _RELATIVE
    if "\\" in path or not is_visible(path):
        return f"{shown(path)} is not a portable path", "write '/' between the parts"
    return None


def _postgres(fields: Fields, found: Gatherer) -> Postgres:
    node = fields.get(Keys.POSTGRES)
    usual = Postgres()
    if node is None:
        return usual
    keys = PostgresKeys.KEYS
    inner = Fields(node, keys, found, what="'postgres'", place=node.span)
    schema = inner.get_or(PostgresKeys.SCHEMA, usual.schema)
    span = inner.span(PostgresKeys.SCHEMA)
    taken = schema.startswith("pg_") or schema == "information_schema"
    if taken and span is not None:
        message = f"'{schema}' belongs to PostgreSQL"
        found.error("reserved-name", span, message, "use another schema")
    minimum = inner.get_or(PostgresKeys.MINIMUM, usual.minimum)
    return Postgres(schema=schema, minimum=minimum)


def _roles(fields: Fields, found: Gatherer) -> Roles:
    node = fields.get(Keys.ROLES)
    if node is None:
        return Roles()
    inner = Fields(node, RolesKeys.KEYS, found, what="'roles'", place=node.span)
    return Roles(
        producer=inner.get_or(RolesKeys.PRODUCER, ()),
        worker=inner.get_or(RolesKeys.WORKER, ()),
    )


def _enums(fields: Fields, found: Gatherer, places: Places) -> tuple[Enum, ...]:
    node = fields.get(Keys.ENUMS)
    if fields.lost(Keys.ENUMS, node) or (node is not None and node.incomplete):
        places.doubt("enums")
    return () if node is None else load_enums(node, found, places)


def _by_name(enums: tuple[Enum, ...]) -> dict[str, Enum]:
    """Enums by name; one with a bad name also by the one that it should have."""
    bad = [enum for enum in enums if not names.NAME.fullmatch(enum.name)]
    meant = {names.snake_case(enum.name): enum for enum in bad}
    return meant | {enum.name: enum for enum in enums}


def _jobs(fields: Fields, context: Context) -> tuple[Job, ...]:
    defaults, node = fields.get(Keys.DEFAULTS), fields.get(Keys.JOBS)
    span = fields.span(Keys.JOBS)
    if node is None or span is None:
        return ()
    if not node.entries and not node.incomplete:
        help = "add one, such as 'send_mail: {columns: {email: text}}'"
        context.found.error("no-jobs", span, "the schema has no jobs", help)
    jobs = load_jobs(node, defaults, context)
    reserved = fields.get_or(Keys.RESERVED, ())
    for job in jobs:
        if job.name in reserved:
            message = f"the job '{job.name}' is reserved: it once existed"
            span = context.places.at("jobs", job.name)
            context.found.error("reserved-name", span, message, "use another name")
    return jobs


def _check_postponed(fields: Fields, found: Gatherer) -> None:
    """Judges the shape of what a later release acts on; says so where it matters."""
    migrations, span = fields.get(Keys.MIGRATIONS), fields.span(Keys.MIGRATIONS)
    problem = None if migrations is None else _path_problem(migrations)
    if problem is not None and span is not None:
        found.error("bad-path", span, *problem)
    fields.get(Keys.RESERVED)
    if fields.get(Keys.INCLUDE):
        _postpone(fields, Keys.INCLUDE, found)


def _postpone(fields: Fields, key: Key[object], found: Gatherer) -> None:
    span = fields.span(key)
    if span is not None and not found.failed:
        message = f"'{key.name}' is read, and not acted on by this release"
        found.warning("not-yet", span, message)
