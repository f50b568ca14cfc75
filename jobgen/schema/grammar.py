"""The grammar of the schema file, as data: each mapping and its keys.

Stage: schema. The one list of what may be written; the loader reads by it, and
an editor's JSON Schema is made of it. Order is the order in documentation.
"""

from __future__ import annotations

from datetime import timedelta

from jobgen.schema.choices import BOOLEAN, choice
from jobgen.schema.forms import Form, Key, Shape, anything, or_null
from jobgen.schema.lists import list_shape, names_of, sequence
from jobgen.schema.mappings import mapping, or_nothing, record, record_shape
from jobgen.schema.model import (
    IdType,
    Notify,
    OnDelete,
    OnSuccess,
    RunsWhere,
    Strategy,
)
from jobgen.schema.quantities import FRACTION, duration, integer
from jobgen.schema.roles import ROLES
from jobgen.schema.texts import (
    EXPRESSION,
    PARAGRAPH,
    TEXT,
    TEXT_SHAPE,
    name_of,
    text_like,
)
from jobgen.schema.typeshapes import SHORT_FORM, TYPE

GRAMMAR = 1
"""The version of the grammar that this release reads."""

_IDS: tuple[IdType, ...] = ("bigint", "uuid")
_NOTIFY: tuple[Notify, ...] = ("when_idle", "always", "never")
_ON_SUCCESS: tuple[OnSuccess, ...] = ("keep", "delete")
_WORKERS: tuple[RunsWhere, ...] = ("here", "elsewhere")
_STRATEGIES: tuple[Strategy, ...] = ("constant", "linear", "exponential")
_ON_DELETE: tuple[OnDelete, ...] = (
    "no action",
    "restrict",
    "cascade",
    "set null",
    "set default",
)

_POSITIVE: Form[timedelta] = duration()
_MOST = 2_000_000_000

DOC = Key("doc", PARAGRAPH, "One paragraph: the docstring and the SQL comment.")
RENAMED_FROM = Key("renamed_from", name_of("anything"), "What this was called before.")


class References:
    TABLE = Key("table", TEXT, "The table, qualified or in postgres.schema.", True)
    COLUMN = Key("column", TEXT, "Its key column.", True)
    ON_DELETE: Key[OnDelete] = Key(
        "on_delete", choice(_ON_DELETE), "What deleting the row does here.", True
    )
    KEYS = (TABLE, COLUMN, ON_DELETE)


class Column:
    TYPE = Key(
        "type", text_like(TYPE), "A PostgreSQL type, or an enum of this file.", True
    )
    NULLABLE = Key("nullable", BOOLEAN, "Whether it may be NULL.")
    DEFAULT = Key(
        "default",
        anything({}),
        "A literal of the type.",
    )
    DEFAULT_SQL = Key("default_sql", EXPRESSION, "An SQL expression.")
    DOC = DOC
    REFERENCES = Key(
        "references", record(References.KEYS, partial=True), "A foreign key."
    )
    CHECK = Key("check", EXPRESSION, "A condition on the column, in SQL.")
    PYTHON = Key("python", TEXT, "The class of a JSON column: module:name.")
    DECODE = Key("decode", TEXT, "The function from JSON to it.")
    ENCODE = Key("encode", TEXT, "The function from it to JSON.")
    RENAMED_FROM = RENAMED_FROM
    KEYS = (
        TYPE,
        NULLABLE,
        DEFAULT,
        DEFAULT_SQL,
        DOC,
        REFERENCES,
        CHECK,
        PYTHON,
        DECODE,
        ENCODE,
        RENAMED_FROM,
    )


class Backoff:
    STRATEGY: Key[Strategy] = Key(
        "strategy", choice(_STRATEGIES), "How the delay grows."
    )
    DELAY = Key("delay", duration(zero=True), "The delay that it grows from.")
    MAX = Key("max", duration(zero=True), "The longest delay.")
    JITTER = Key("jitter", FRACTION, "How much of the delay is random.")
    KEYS = (STRATEGY, DELAY, MAX, JITTER)


class Retention:
    SUCCEEDED = Key("succeeded", or_null(_POSITIVE), "How long these are kept.")
    FAILED = Key("failed", or_null(_POSITIVE), "The same for failed and timed out.")
    KEYS = (SUCCEEDED, FAILED)


class Index:
    COLUMNS = Key("columns", sequence(TEXT_SHAPE, some=True), "Payload columns.", True)
    UNIQUE = Key("unique", BOOLEAN, "Whether no two rows may agree.")
    WHERE = Key("where", EXPRESSION, "The rows in it, in SQL.")
    KEYS = (COLUMNS, UNIQUE, WHERE)


# What a column or a job lacks may stand in `defaults`: `json_schema` asks for it.
_LONG_COLUMN = record_shape(Column.KEYS, partial=True)
_COLUMN_SHAPE: Shape = {"anyOf": [SHORT_FORM, _LONG_COLUMN]}
_INDEX_SHAPE: Shape = {
    "anyOf": [list_shape(TEXT_SHAPE, some=True), record_shape(Index.KEYS)]
}


class Job:
    DOC = DOC
    COLUMNS = Key(
        "columns",
        mapping(_COLUMN_SHAPE, "{email: text}: a name and a type for each"),
        "The payload, in order; may be empty.",
        required=True,
        may_be_empty=True,
    )
    TABLE = Key("table", name_of("a table"), "The table; <job>_jobs by default.")
    ID: Key[IdType] = Key("id", choice(_IDS), "The type of the id.")
    MAX_ATTEMPTS = Key("max_attempts", integer(1, _MOST), "Attempts before it fails.")
    TIMEOUT = Key("timeout", or_null(_POSITIVE), "The longest run of a handler.")
    BACKOFF = Key("backoff", record(Backoff.KEYS), "How long a failed one waits.")
    CONCURRENCY = Key("concurrency", integer(1, 1_000_000), "Handlers at once.")
    STALE_AFTER = Key("stale_after", _POSITIVE, "When an unknown worker is given up.")
    PRIORITY = Key("priority", BOOLEAN, "Whether rows have one; lower runs first.")
    NOTIFY: Key[Notify] = Key(
        "notify", choice(_NOTIFY), "When an insert wakes workers."
    )
    ON_SUCCESS: Key[OnSuccess] = Key(
        "on_success", choice(_ON_SUCCESS), "What becomes of the row."
    )
    RETENTION = Key("retention", record(Retention.KEYS), "How long rows are kept.")
    INDEXES = Key("indexes", sequence(_INDEX_SHAPE), "Indexes on the payload.")
    WORKER: Key[RunsWhere] = Key("worker", choice(_WORKERS), "Whether Python runs it.")
    RENAMED_FROM = RENAMED_FROM
    RESERVED = Key(
        "reserved", names_of(name_of("a column")), "Columns that once existed."
    )
    KEYS = (
        DOC,
        COLUMNS,
        TABLE,
        ID,
        MAX_ATTEMPTS,
        TIMEOUT,
        BACKOFF,
        CONCURRENCY,
        STALE_AFTER,
        PRIORITY,
        NOTIFY,
        ON_SUCCESS,
        RETENTION,
        INDEXES,
        WORKER,
        RENAMED_FROM,
        RESERVED,
    )


_LABEL: Shape = {**TEXT_SHAPE, "minLength": 1}


class Enum:
    DOC = DOC
    LABELS = Key("labels", sequence(_LABEL, some=True), "Values, in order.", True)
    DEPRECATED = Key(
        "deprecated",
        sequence(_LABEL),
        "Those of them, or more at the end, that no new job should have.",
    )
    RENAMED_FROM = RENAMED_FROM
    KEYS = (DOC, LABELS, DEPRECATED, RENAMED_FROM)


class Postgres:
    SCHEMA = Key("schema", name_of("a PostgreSQL schema"), "Where everything lives.")
    MINIMUM = Key("minimum", integer(15, 18), "The oldest server version.")
    KEYS = (SCHEMA, MINIMUM)


class Roles:
    PRODUCER = Key("producer", ROLES, "Roles that enqueue.")
    WORKER = Key("worker", ROLES, "Roles that run jobs.")
    KEYS = (PRODUCER, WORKER)


_ENUM_SHAPE: Shape = {"anyOf": [list_shape(_LABEL, some=True), record_shape(Enum.KEYS)]}

_VERSION: Form[int] = Form(
    integer(0, 1_000_000, such_as=GRAMMAR).read, {"const": GRAMMAR}
)


class Top:
    JOBGEN = Key("jobgen", _VERSION, "The version of this grammar.", True)
    PACKAGE = Key("package", TEXT, "Import name of the generated package.", True)
    OUTPUT = Key("output", TEXT, "Its directory, relative to this file.", True)
    POSTGRES = Key("postgres", record(Postgres.KEYS), "Where the tables live.")
    INCLUDE = Key(
        "include", sequence({"type": "string"}), "Files with more enums and jobs."
    )
    MIGRATIONS = Key("migrations", TEXT, "The directory of migration files.")
    ROLES = Key("roles", record(Roles.KEYS), "Existing roles that get grants.")
    RESERVED = Key("reserved", names_of(name_of("a job")), "Jobs that once existed.")
    ENUMS = Key(
        "enums",
        mapping(
            _ENUM_SHAPE, "{mail_kind: [welcome, receipt]}: a name and labels for each"
        ),
        "Enums, by name.",
        may_be_empty=True,
    )
    DEFAULTS = Key(
        "defaults",
        record(Job.KEYS, partial=True),
        "Settings of every job.",
        may_be_empty=True,
    )
    JOBS = Key(
        "jobs",
        mapping(
            or_nothing(record_shape(Job.KEYS, partial=True)),
            "{send_mail: {columns: {email: text}}}: a name and settings for each",
        ),
        "The jobs, by name.",
        required=True,
        may_be_empty=True,
        unless=INCLUDE.name,
    )
    KEYS = (
        JOBGEN,
        PACKAGE,
        OUTPUT,
        POSTGRES,
        INCLUDE,
        MIGRATIONS,
        ROLES,
        RESERVED,
        ENUMS,
        DEFAULTS,
        JOBS,
    )


class Included:
    """An included file; its version is the root's, but editors may want to see one."""

    JOBGEN = Top.JOBGEN
    INCLUDE = Top.INCLUDE
    ENUMS = Top.ENUMS
    JOBS = Top.JOBS
    KEYS = (JOBGEN, INCLUDE, ENUMS, JOBS)


ONLY_IN_ROOT = tuple(key for key in Top.KEYS if key not in Included.KEYS)
"""What an included file cannot have."""
