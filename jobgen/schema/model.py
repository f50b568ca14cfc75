"""The schema as values: what the user meant, with every default filled in.

Stage: schema. Made by `load` from nodes, judged by `checks`, read by `tables`
and the emitters. Names that code or SQL will carry are decided here, once.
Knows no YAML, no file, no server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal, TypeAlias

from jobgen.schema.types import ColumnType

IdType: TypeAlias = Literal["bigint", "uuid"]
Notify: TypeAlias = Literal["when_idle", "always", "never"]
OnSuccess: TypeAlias = Literal["keep", "delete"]
RunsWhere: TypeAlias = Literal["here", "elsewhere"]
Strategy: TypeAlias = Literal["constant", "linear", "exponential"]
OnDelete: TypeAlias = Literal[
    "no action", "restrict", "cascade", "set null", "set default"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One value of an enum: `text` in the database, `member` in Python.

    A deprecated one stays for the rows that have it; no new row should.
    """

    text: str
    member: str
    deprecated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Enum:
    """A PostgreSQL enum and the `StrEnum` that mirrors it, labels in order."""

    name: str
    class_name: str
    labels: tuple[Label, ...]
    doc: str | None = None
    renamed_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """A foreign key: `table` schema-qualified where the user qualified it."""

    table: str
    column: str
    on_delete: OnDelete


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPath:
    """Something of the user's in Python: `app.mail` and `Attachment.from_json`."""

    module: str
    name: str

    @property
    def root(self) -> ImportPath:
        """What an import statement can name: `Attachment`, of which the rest is a member."""
        return replace(self, name=self.name.partition(".")[0])

    def member(self, name: str) -> ImportPath:
        return replace(self, name=f"{self.name}.{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedJson:
    """The class of a JSON column's values, and its functions from and to JSON."""

    python: ImportPath
    decode: ImportPath
    encode: ImportPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One payload column. `attribute` is its name in Python.

    `default` is SQL text of a literal (`'welcome'::public.mail_kind`, `5`) made
    from what the user wrote; `default_sql` an expression, as written but for
    backslashes. At most one of the two is set.
    """

    name: str
    attribute: str
    type: ColumnType
    nullable: bool = False
    default: str | None = None
    default_sql: str | None = None
    doc: str | None = None
    references: References | None = None
    check: str | None = None
    typed_json: TypedJson | None = None
    renamed_from: str | None = None

    @property
    def server_default(self) -> str | None:
        """The SQL expression that fills the column in when the producer does not."""
        return self.default if self.default is not None else self.default_sql


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long a failed attempt waits; `jitter` from 0 to 1."""

    strategy: Strategy = "constant"
    delay: timedelta = timedelta(seconds=30)
    max: timedelta = timedelta(hours=24)
    jitter: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long finished rows are kept; None: for ever."""

    succeeded: timedelta | None = None
    failed: timedelta | None = None

    @property
    def of_status(self) -> Mapping[str, timedelta]:
        """The statuses whose rows go some day, in the order of the type, and when."""
        kept = {
            "job_status_failed": self.failed,
            "job_status_timed_out": self.failed,
            "job_status_succeeded": self.succeeded,
        }
        return {status: time for status, time in kept.items() if time is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index on payload columns, named by `tables`."""

    columns: tuple[str, ...]
    unique: bool = False
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One kind of job: a table, two classes, a module."""

    name: str
    module: str  # send_mail; import_ for a job called import
    class_name: str  # SendMail
    row_class_name: str  # SendMailJob
    table: str  # unqualified
    columns: tuple[Column, ...]
    doc: str | None = None
    id: IdType = "bigint"
    max_attempts: int = 10
    timeout: timedelta | None = None
    backoff: Backoff = Backoff()
    concurrency: int = 16
    stale_after: timedelta = timedelta(minutes=10)
    priority: bool = False
    notify: Notify = "when_idle"
    on_success: OnSuccess = "keep"
    retention: Retention = Retention()
    indexes: tuple[Index, ...] = ()
    worker: RunsWhere = "here"
    renamed_from: str | None = None
    reserved: tuple[str, ...] = ()  # columns that once existed

    @property
    def deletes_rows(self) -> bool:
        """Whether rows go: those that succeed, or those that are old."""
        return self.on_success == "delete" or bool(self.retention.of_status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """Where the tables live, and the oldest server that must accept the SQL."""

    schema: str = "public"
    minimum: int = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Existing roles that get grants; one that enqueues and works is in both."""

    producer: tuple[str, ...] = ()
    worker: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A whole schema file. `output` and `migrations` are as written, relative to the
    file; `reserved` are jobs that once existed."""

    package: str
    output: str
    postgres: Postgres
    enums: tuple[Enum, ...]
    jobs: tuple[Job, ...]
    roles: Roles = Roles()
    migrations: str | None = None
    reserved: tuple[str, ...] = ()
