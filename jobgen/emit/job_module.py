"""The views of one job's two modules: `send_mail.py` and `aio/send_mail.py`.

Stage: emit. In: a job of the model, its table and its statements. Out: a view
for each template. Fields of a class may hide names, so what a class body uses
is imported under a name that no field can have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from jobgen.emit import classes, fields, job_value, layout, typed_json
from jobgen.emit.columns import inputs_of
from jobgen.emit.imports import Imports
from jobgen.emit.literals import docstring, string
from jobgen.emit.notifications import NotificationsView, notifications_of
from jobgen.emit.python import banner, exported, job_classes
from jobgen.emit.statements import Statement, arguments, statements_of
from jobgen.schema import names, tables
from jobgen.schema.model import Job, Schema
from jobgen.schema.quoting import qualified

_PRODUCER = ("enqueue", "enqueue_copy", "enqueue_many", "pending")
_WORKER = (
    "fail",
    "fetch",
    "fetch_many",
    "rescue",
    "retry_delay",
    "succeed",
    "timeout",
)
_OF_PRODUCER, _OF_BOTH = exported(_PRODUCER), exported(_PRODUCER + _WORKER)


class TwinView(NamedTuple):
    """The functions of either module.

    `names` gives, for a name of a library, what it is called in this module.
    """

    define: str  # "async def" or "def"
    wait: str  # "await " or ""
    connection: str
    runtime: str
    banner: str
    doc: str
    imports: str
    exports: tuple[str, ...]
    names: Mapping[str, str]
    here: bool
    new: str
    row: str
    id: str


class ModuleView(NamedTuple):
    """The synchronous module: statements, classes, JOB, and its functions, `twin`."""

    twin: TwinView
    table: str
    channel: str
    literal: str  # Final[LiteralString]
    statements: tuple[Statement, ...]
    worker_statements: tuple[str, ...]  # fetch=FETCH_SQL,
    lease_statements: tuple[str, ...]
    notifications: NotificationsView | None
    new_doc: str
    new_fields: tuple[str, ...]
    row_doc: str
    row_fields: tuple[str, ...]
    labels: tuple[str, ...]
    values_start: str
    values: str
    decoded: tuple[str, ...]
    user_classes: str  # for type checkers only
    user_encoders: str
    user_decoders: str
    start: str  # JOB: Final[JobType[…]] = JobType(
    name: str
    inputs: str
    order: str
    policy: job_value.PolicyView
    shape: tuple[str, ...]


def module_view(
    schema: Schema, job: Job, physical: tables.Table, source: str
) -> ModuleView:
    here = job.worker == "here"
    imports = _imports(schema, job)
    local = _function_names(imports, job, "Connection")
    local |= {
        name: imports.use(module, name)
        for module, name in _module_names(job, enums=bool(_enums(schema, job)))
    }
    imports.own("dataclasses", "dataclass")
    imports.own("jobgen.runtime", "sync", "values")
    if imports.local:
        imports.own("__future__", "annotations")
        imports.own("typing", "TYPE_CHECKING")
    if here:
        imports.own("datetime", "timedelta")
        imports.own("jobgen.runtime", "STATUSES", "maker")
        imports.use_as("jobgen.runtime", "retry_delay", "backoff_delay")
    inputs = inputs_of(schema, job)
    statements = statements_of(schema, job, inputs)
    table = qualified(schema.postgres.schema, job.table)
    key = _key(imports, job)
    kind = (
        [local["JobType"], job.class_name, job.row_class_name, key]
        if here
        else [local["Producer"], job.class_name, key]
    )
    literal = f"{local['Final']}[{local['LiteralString']}]"
    new_fields, row_fields = (
        classes.new_fields(imports, job),
        classes.row_fields(imports, job),
    )
    return ModuleView(
        twin=TwinView(
            define="def",
            wait="",
            connection=local["Connection"],
            runtime="sync",
            banner=banner(source),
            doc=docstring(job.doc or f"The job {job.name}."),
            imports=imports.blocks(),
            exports=_exports(job),
            names=local,
            here=here,
            new=job.class_name,
            row=job.row_class_name,
            id=key,
        ),
        table=layout.assign(f"TABLE: {literal}", string(table)),
        channel=layout.assign(f"CHANNEL: {literal}", string(names.channel(job.table))),
        literal=literal,
        statements=statements,
        worker_statements=arguments(statements, "Statements"),
        lease_statements=arguments(statements, "Lease"),
        notifications=notifications_of(physical) if here else None,
        new_doc=docstring(job.doc or f"A new job {job.name}.", 4),
        new_fields=new_fields,
        row_doc=docstring(f"One row of {table}, as a handler gets it.", 4),
        row_fields=row_fields,
        labels=_labels(schema, job, local) if here else (),
        values_start=layout.call(
            0,
            "def _values(",
            [f"new: {job.class_name}", "/"],
            ") -> tuple[object, ...]:",
        ),
        values=layout.items(4, "return (", _values(imports, job), ")"),
        decoded=_decoded(imports, schema, job) if here else (),
        user_classes=imports.lazy(typed_json.classes(job)),
        user_encoders=imports.lazy(typed_json.encoders(job)),
        user_decoders=imports.lazy(typed_json.decoders(job)),
        start=layout.subscripted(f"JOB: {local['Final']}[", kind, f"] = {kind[0]}("),
        name=string(job.name),
        inputs=layout.items(
            4,
            "inputs=(",
            [job_value.input_of(column, local["Input"]) for column in inputs],
            "),",
        ),
        order=job_value.order_of(schema, job),
        policy=job_value.policy_of(job),
        shape=_shape(job, physical, local["Shape"]) if here else (),
    )


def aio_view(job: Job, twin: TwinView) -> TwinView:
    """The same for asynchronous connections."""
    imports = Imports(taken=frozenset(job_classes(job)))
    local = _function_names(imports, job, "AsyncConnection")
    imports.own("jobgen.runtime", "aio")
    if job.worker == "here":
        imports.own("datetime", "timedelta")
    again = ["CHANNEL", "JOB", "TABLE", *job_classes(job)]
    if job.worker == "here":
        again.append("retry_delay")
    imports.own(f"..{job.module}", *again)
    return TwinView(
        define="async def",
        wait="await ",
        connection=local["AsyncConnection"],
        runtime="aio",
        banner=twin.banner,
        doc=twin.doc,
        imports=imports.blocks(),
        exports=twin.exports,
        names=local,
        here=job.worker == "here",
        new=job.class_name,
        row=job.row_class_name,
        id=_key(imports, job),
    )


# --- names ------------------------------------------------------------------


def _imports(schema: Schema, job: Job) -> Imports:
    classes = {*job_classes(job), *(enum.class_name for enum in schema.enums)}
    return Imports(
        taken=frozenset(classes),
        hidden=frozenset(column.attribute for column in job.columns),
        local=typed_json.local_names(job, classes),
    )


def _function_names(imports: Imports, job: Job, connection: str) -> dict[str, str]:
    """The names that the functions' annotations use."""
    wanted = [("collections.abc", "Iterable"), ("psycopg", connection)]
    if job.worker == "here":
        wanted += [("jobgen.runtime", "JobStatus")]
    if job.worker == "here" or job.id == "uuid":
        wanted += [("uuid", "UUID")]
    return {name: imports.use(module, name) for module, name in wanted}


def _module_names(job: Job, *, enums: bool) -> list[tuple[str, str]]:
    """The names that a module with statements uses beyond the functions'."""
    runtime = ["Input"]
    typing = ["Final", "LiteralString"]
    abc: list[str] = []
    if job.worker == "here":
        runtime += ["Backoff", "JobType", "Policy", "Shape", "Statements"]
        runtime += ["Labels"] if enums else []
        runtime += ["Notifications"] if job.notify != "never" else []
        runtime += ["Lease"] if job.notify == "when_idle" else []
        typing += ["Any"]
        abc += ["Sequence"]
    else:
        runtime += ["Producer"]
    return [
        *(("jobgen.runtime", name) for name in runtime),
        *(("typing", name) for name in typing),
        *(("collections.abc", name) for name in abc),
    ]


def _key(imports: Imports, job: Job) -> str:
    return imports.use("uuid", "UUID") if job.id == "uuid" else "int"


def _exports(job: Job) -> tuple[str, ...]:
    functions = _OF_BOTH if job.worker == "here" else _OF_PRODUCER
    return exported(["CHANNEL", "JOB", "TABLE", *job_classes(job)]) + functions


# --- in and out of a row ----------------------------------------------------


def _values(imports: Imports, job: Job) -> tuple[str, ...]:
    priority = ('values.integer("priority", new.priority),',) if job.priority else ()
    payload = (fields.value(imports, column) for column in job.columns)
    return ('values.aware("run_at", new.run_at),', *priority, *payload)


def _decoded(imports: Imports, schema: Schema, job: Job) -> tuple[str, ...]:
    found: list[str] = []
    for position, column in enumerate(tables.base_columns(schema, job)):
        raw = f"row[{position}]"
        read = f"STATUSES[{raw}]" if column.name == "status" else raw
        found.append(f"{column.name}={read},")
    for position, payload in enumerate(job.columns, len(found)):
        found.append(fields.decoded(imports, payload, position))
    return tuple(found)


def _shape(job: Job, physical: tables.Table, name: str) -> tuple[str, ...]:
    enums = {each.name: each.type.enum for each in job.columns if each.type.enum}
    labels = {each: fields.labels_constant(enum) for each, enum in enums.items()}
    return tuple(
        job_value.shape_of(column, name, labels.get(column.name))
        for column in physical.columns
    )


def _enums(schema: Schema, job: Job) -> list[tuple[str, str]]:
    """Name and class of the enums that the payload uses, in the file's order."""
    used = {column.type.enum for column in job.columns}
    return [(enum.name, enum.class_name) for enum in schema.enums if enum.name in used]


def _labels(schema: Schema, job: Job, local: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        layout.call(
            0,
            f"{fields.labels_constant(name)}: {local['Final']} = {local['Labels']}(",
            [class_name],
            ")",
        )
        for name, class_name in _enums(schema, job)
    )
