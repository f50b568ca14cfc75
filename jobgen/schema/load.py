"""The bytes of a schema's files → a `Schema`, and what is wrong with it.

Stage: schema, all of it in one function: text → nodes → model → checks. Never
raises for anything that a user can write.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping as MappingABC
from keyword import iskeyword
from typing import NamedTuple

from jobgen.schema import names
from jobgen.schema.checks import check
from jobgen.schema.compose import compose
from jobgen.schema.context import Context
from jobgen.schema.diagnostics import Diagnostic, Gatherer, Span, shown
from jobgen.schema.enums import load_enums
from jobgen.schema.fields import Fields
from jobgen.schema.files import File, Files, NoFiles
from jobgen.schema.grammar import Postgres as PostgresKeys
from jobgen.schema.grammar import Roles as RolesKeys
from jobgen.schema.grammar import Top as Keys
from jobgen.schema.includes import Inclusion, joined, load_includes
from jobgen.schema.jobs import load_jobs
from jobgen.schema.kinds import describe
from jobgen.schema.labels import Labels
from jobgen.schema.model import Enum, Job, Postgres, Roles, Schema
from jobgen.schema.nodes import Broken, Mapping
from jobgen.schema.paths import problem_in
from jobgen.schema.places import Places
from jobgen.schema.source import decode, readable
from jobgen.schema.typeguesses import TypeGuesses
from jobgen.schema.version import is_readable

_START = "start with 'jobgen: 1', 'package:', 'output:' and 'jobs:'"

_TAKEN = frozenset({"jobgen", "psycopg"})
"""What generated code imports: a package of that name would hide it."""


class Loaded(NamedTuple):
    """The outcome for one schema; `schema` is None where anything is an error.

    `texts` are all files that the schema consists of, by the names that spans
    carry, the root first; of one that cannot be read the text is empty.
    `output` is the value of that key, empty where it is unreadable, and `place`
    where it stands, for what only the file system can tell about it.
    """

    schema: Schema | None
    diagnostics: tuple[Diagnostic, ...]
    texts: MappingABC[str, str]
    output: str
    place: Span


_ALONE = NoFiles()


def load_schema(
    data: bytes, source: str, files: Files = _ALONE, *, identity: str = ""
) -> Loaded:
    """Reads the schema file `source`, a name that diagnostics will carry.

    `files` finds what it includes; `identity` is what they would call `source`
    itself.
    """
    found, places = Gatherer(), Places(source)
    found.begin(source)
    text = decode(data, source, found)
    root = None if text is None else compose(text, source, found, _START)
    schema, included = None, Inclusion()
    if isinstance(root, Mapping) and is_readable(root, found):
        fields = _fields(root, found)
        file, listed = File(name=source, identity=identity), fields.get(Keys.INCLUDE)
        included = load_includes(listed, file, len(data), files, found)
        if fields.lost(Keys.INCLUDE, listed):
            included = included._replace(complete=False)
        schema = _schema(fields, included, found, places)
    elif root is not None and not isinstance(root, Broken | Mapping):
        message = f"a schema is a mapping of keys to values, not {describe(root)}"
        found.error("not-a-mapping", root.span, message, _START)
    texts = {source: readable(data) if text is None else text}
    return Loaded(
        schema=None if found.failed else schema,
        diagnostics=found.in_order(),
        texts=texts | {each.name: each.text for each in included.files},
        output="" if schema is None else schema.output,
        place=places.at("output"),
    )


def _fields(root: Mapping, found: Gatherer) -> Fields:
    top = root.entries[0].key.span if root.entries else root.span
    return Fields(root, Keys.KEYS, found, what="the schema", place=top)


def _schema(
    fields: Fields, included: Inclusion, found: Gatherer, places: Places
) -> Schema:
    package, output = _package(fields, found), _output(fields, found, places)
    postgres = _postgres(fields, found)
    enums = _enums(fields, included, found, places)
    named = _by_name(enums)
    context = Context(
        found=found,
        places=places,
        postgres=postgres,
        enum_classes={name: enum.class_name for name, enum in named.items()},
        labels={name: Labels.of(enum.labels) for name, enum in named.items()},
        type_guesses=TypeGuesses(named, found.guesses),
    )
    jobs = _jobs(fields, included, context)
    schema = Schema(
        package=package,
        output=output,
        postgres=postgres,
        enums=enums,
        jobs=jobs,
        roles=_roles(fields, found),
        migrations=_migrations(fields, found),
        reserved=fields.get_or(Keys.RESERVED, ()),
    )
    check(schema, places, found)
    return schema


def _package(fields: Fields, found: Gatherer) -> str:
    package, span = fields.get(Keys.PACKAGE), fields.span(Keys.PACKAGE)
    if package is None or span is None:
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
    output, span = fields.get(Keys.OUTPUT), fields.span(Keys.OUTPUT)
    if output is None or span is None:
        return ""
    places.note(span, "output")
    problem = problem_in(output)
    if problem is not None:
        found.error("bad-path", span, *problem)
    return output


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


def _enums(
    fields: Fields, included: Inclusion, found: Gatherer, places: Places
) -> tuple[Enum, ...]:
    own = fields.get(Keys.ENUMS)
    mappings = [own, *(each.enums for each in included.files)]
    broken = any(each is not None and each.incomplete for each in mappings)
    if broken or fields.lost(Keys.ENUMS, own) or not included.complete:
        places.doubt("enums")
    return load_enums(joined("an enum", mappings, found), found, places)


def _by_name(enums: tuple[Enum, ...]) -> dict[str, Enum]:
    """Enums by name; one with a bad name also by the one that it should have."""
    bad = [enum for enum in enums if not names.NAME.fullmatch(enum.name)]
    meant = {names.snake_case(enum.name): enum for enum in bad}
    return meant | {enum.name: enum for enum in enums}


def _jobs(fields: Fields, included: Inclusion, context: Context) -> tuple[Job, ...]:
    mappings = [fields.get(Keys.JOBS), *(each.jobs for each in included.files)]
    entries = joined("a job", mappings, context.found)
    # Without `jobs`, `include` stands in for it.
    span = fields.span(Keys.JOBS) or fields.span(Keys.INCLUDE)
    broken = not included.complete or fields.lost(Keys.JOBS, mappings[0])
    broken |= any(each is not None and each.incomplete for each in mappings)
    if span is not None and not (entries or broken):
        help = "add one, such as 'send_mail: {columns: {email: text}}'"
        context.found.error("no-jobs", span, "the schema has no jobs", help)
    jobs = load_jobs(entries, fields.get(Keys.DEFAULTS), context)
    reserved = fields.get_or(Keys.RESERVED, ())
    for job in jobs:
        if job.name in reserved:
            message = f"the job '{job.name}' is reserved: it once existed"
            span = context.places.at("jobs", job.name)
            context.found.error("reserved-name", span, message, "use another name")
    return jobs


def _migrations(fields: Fields, found: Gatherer) -> str | None:
    migrations, span = fields.get(Keys.MIGRATIONS), fields.span(Keys.MIGRATIONS)
    problem = None if migrations is None else problem_in(migrations)
    if problem is not None and span is not None:
        found.error("bad-path", span, *problem)
    return migrations
