"""Nodes under `jobs` → `Job`s, each over what `defaults` says.

Stage: schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

from jobgen.schema import names
from jobgen.schema.columns import check_default_columns, load_columns
from jobgen.schema.context import Context
from jobgen.schema.diagnostics import Gatherer, Span, shown
from jobgen.schema.durations import spelt
from jobgen.schema.fields import Fields
from jobgen.schema.forms import Key
from jobgen.schema.grammar import Backoff as BackoffKeys
from jobgen.schema.grammar import Index as IndexKeys
from jobgen.schema.grammar import Job as Keys
from jobgen.schema.grammar import Retention as RetentionKeys
from jobgen.schema.kinds import expected
from jobgen.schema.model import Backoff, Index, Job, Retention
from jobgen.schema.nodes import Entry, Mapping, Node, Scalar, Sequence
from jobgen.schema.texts import read_name

T = TypeVar("T")

RESERVED_JOBS = ("enums", "aio", "handlers")
"""Modules and the function of the generated package."""


def load_jobs(
    entries: Iterable[Entry], defaults: Mapping | None, context: Context
) -> tuple[Job, ...]:
    if defaults is not None:
        _check_defaults(defaults, context)
    jobs = (_job(entry, defaults, context) for entry in entries)
    return tuple(job for job in jobs if job is not None)


def merged(defaults: Mapping, own: Mapping) -> Mapping:
    """`own` over `defaults`: mappings key by key, anything else replaces."""
    entries = {entry.key.text: entry for entry in defaults.entries}
    for entry in own.entries:
        before = entries.get(entry.key.text)
        value = entry.value
        if before and isinstance(before.value, Mapping) and isinstance(value, Mapping):
            value = merged(before.value, value)
        entries[entry.key.text] = Entry(entry.key, value)
    incomplete = own.incomplete or defaults.incomplete
    return Mapping(own.span, tuple(entries.values()), incomplete)


def _check_defaults(node: Mapping, context: Context) -> None:
    """Reads every setting once, so that mistakes are found although jobs override."""
    what = "'defaults'"
    fields = Fields(
        node, Keys.KEYS, context.found, what=what, place=node.span, partial=True
    )
    columns = fields.get(Keys.COLUMNS)
    if columns is not None:
        check_default_columns(columns, context)
    _settings(fields, _no_columns(fields), context)


def _no_columns(fields: Fields) -> Job:
    return Job(
        name="",
        module="",
        class_name="",
        row_class_name="",
        table=fields.get_or(Keys.TABLE, ""),
        columns=(),
    )


def _job(entry: Entry, defaults: Mapping | None, context: Context) -> Job | None:
    name, value, found = entry.key.text, entry.value, context.found
    context.places.note(entry.key.span, "jobs", name)
    _check_name(entry.key, found)
    if isinstance(value, Scalar) and value.empty:
        value = Mapping(value.span, ())
    if not isinstance(value, Mapping):
        expected("the settings of a job", value, found, "write 'columns:' and more")
        return None
    node = merged(defaults, value) if defaults is not None else value
    what, place = f"the job {shown(name)}", entry.key.span
    fields = Fields(node, Keys.KEYS, found, what=what, place=place)
    columns = fields.get(Keys.COLUMNS)
    if columns is None or columns.incomplete:
        context.places.doubt("jobs", name, "columns")
    table, span = fields.get(Keys.TABLE), fields.span(Keys.TABLE)
    if span is not None:
        context.places.note(span, "jobs", name, "table")
    base = Job(
        name=name,
        module=names.module(name),
        class_name=names.class_name(name),
        row_class_name=names.row_class_name(name),
        table=table or names.table(name),
        columns=load_columns(columns, name, context) if columns else (),
    )
    _check_reserved_columns(fields, base, context)
    job = _settings(fields, base, context)
    if job.worker == "elsewhere":
        _warn_of_ignored(value, found)
    return job


_OF_A_RUN = frozenset(
    key.name
    for key in (
        Keys.MAX_ATTEMPTS,
        Keys.TIMEOUT,
        Keys.BACKOFF,
        Keys.CONCURRENCY,
        Keys.STALE_AFTER,
    )
)
"""Settings that only a worker of jobgen acts on."""


def _warn_of_ignored(own: Mapping, found: Gatherer) -> None:
    """Of what a job that runs elsewhere says itself; `defaults` are for all jobs."""
    for entry in own.entries:
        if entry.key.text in _OF_A_RUN:
            message = f"'{entry.key.text}' has no effect: another system runs this job"
            help = "tell that system, and remove it here"
            found.warning("ignored-setting", entry.key.span, message, help)


def _check_name(key: Scalar, found: Gatherer) -> None:
    name = read_name(key, "a job", found)
    if name in RESERVED_JOBS:
        message = f"'{name}' is a name of the generated package itself"
        found.error("reserved-name", key.span, message, "rename the job")


def _check_reserved_columns(fields: Fields, job: Job, context: Context) -> None:
    reserved = fields.get_or(Keys.RESERVED, ())
    for column in job.columns:
        if column.name in reserved:
            span = context.places.at("jobs", job.name, "columns", column.name)
            message = f"the column '{column.name}' is reserved: it once existed"
            context.found.error("reserved-column", span, message, "use another name")


def _settings(fields: Fields, base: Job, context: Context) -> Job:
    """`base` with everything but its names and columns read from `fields`."""
    name = base.name
    id_type, indexes = fields.get(Keys.ID), fields.get(Keys.INDEXES)
    if fields.lost(Keys.ID, id_type):
        context.places.doubt("jobs", name, "id")
    if fields.lost(Keys.INDEXES, indexes):
        context.places.doubt("jobs", name, "indexes")
    return Job(
        name=name,
        module=base.module,
        class_name=base.class_name,
        row_class_name=base.row_class_name,
        table=base.table,
        columns=base.columns,
        doc=fields.get(Keys.DOC),
        id=id_type or base.id,
        max_attempts=fields.get_or(Keys.MAX_ATTEMPTS, base.max_attempts),
        timeout=fields.get(Keys.TIMEOUT),
        backoff=_backoff(fields, context.found),
        concurrency=fields.get_or(Keys.CONCURRENCY, base.concurrency),
        stale_after=fields.get_or(Keys.STALE_AFTER, base.stale_after),
        priority=fields.get_or(Keys.PRIORITY, base.priority),
        notify=fields.get_or(Keys.NOTIFY, base.notify),
        on_success=fields.get_or(Keys.ON_SUCCESS, base.on_success),
        retention=_retention(fields.get(Keys.RETENTION), context.found),
        indexes=_indexes(indexes, name, context),
        worker=fields.get_or(Keys.WORKER, base.worker),
        renamed_from=fields.get(Keys.RENAMED_FROM),
        reserved=fields.get_or(Keys.RESERVED, base.reserved),
    )


def _backoff(settings: Fields, found: Gatherer) -> Backoff:
    node, usual = settings.get(Keys.BACKOFF), Backoff()
    if node is None:
        return usual
    keys, what, partial = BackoffKeys.KEYS, "'backoff'", settings.partial
    fields = Fields(node, keys, found, what=what, place=node.span, partial=partial)
    delay, longest = fields.get(BackoffKeys.DELAY), fields.get(BackoffKeys.MAX)
    backoff = Backoff(
        strategy=fields.get_or(BackoffKeys.STRATEGY, usual.strategy),
        delay=usual.delay if delay is None else delay,
        max=usual.max if longest is None else longest,
        jitter=fields.get_or(BackoffKeys.JITTER, usual.jitter),
    )
    if _is_known(fields, BackoffKeys.DELAY, delay) and _is_known(
        fields, BackoffKeys.MAX, longest
    ):
        _check_delay(fields, backoff, node.span, found)
    return backoff


def _is_known(fields: Fields, key: Key[T], value: T | None) -> bool:
    """Whether `value`, which `fields` have for `key`, can be compared with others:
    it was not unreadable, and no job will add it."""
    return value is not None or not (fields.partial or fields.has(key))


def _check_delay(
    fields: Fields, backoff: Backoff, place: Span, found: Gatherer
) -> None:
    if backoff.delay > backoff.max:
        span = fields.span(BackoffKeys.DELAY) or fields.span(BackoffKeys.MAX) or place
        message = f"the delay is longer than 'max', which is {spelt(backoff.max)}"
        found.error("delay-above-max", span, message, "set a longer 'max' too")


def _retention(node: Mapping | None, found: Gatherer) -> Retention:
    if node is None:
        return Retention()
    keys = RetentionKeys.KEYS
    fields = Fields(node, keys, found, what="'retention'", place=node.span)
    return Retention(
        succeeded=fields.get(RetentionKeys.SUCCEEDED),
        failed=fields.get(RetentionKeys.FAILED),
    )


def _indexes(node: Sequence | None, job: str, context: Context) -> tuple[Index, ...]:
    items = node.items if node is not None else ()
    indexes: list[Index] = []
    for item in items:
        index = _index(item, job, len(indexes), context)
        if index is None:
            context.places.doubt("jobs", job, "indexes")
        else:
            indexes.append(index)
    return tuple(indexes)


def _index(node: Node, job: str, place: int, context: Context) -> Index | None:
    path = ("jobs", job, "indexes", str(place))
    context.places.note(node.span, *path)
    if isinstance(node, Sequence):
        columns = _index_columns(node, path, context)
        return Index(columns=columns) if columns else None
    if not isinstance(node, Mapping):
        named = isinstance(node, Scalar) and re.fullmatch(r"\w+(, *\w+)*", node.text)
        inner = node.text if isinstance(node, Scalar) and named else "user_id, kind"
        help = f"write [{inner}]"
        expected("a list of columns", node, context.found, help)
        return None
    keys = IndexKeys.KEYS
    fields = Fields(node, keys, context.found, what="an index", place=node.span)
    listed = fields.get(IndexKeys.COLUMNS)
    unique, where = fields.get(IndexKeys.UNIQUE), fields.get(IndexKeys.WHERE)
    if fields.lost(IndexKeys.UNIQUE, unique):
        context.places.doubt("jobs", job, "indexes")
    columns = _index_columns(listed, path, context) if listed is not None else ()
    return Index(columns=columns, unique=bool(unique), where=where) if columns else None


def _index_columns(
    node: Sequence, path: tuple[str, ...], context: Context
) -> tuple[str, ...]:
    columns: list[str] = []
    for item in node.items:
        if isinstance(item, Scalar) and not item.empty:
            if item.text in columns:
                message = f"the column {shown(item.text)} is here twice"
                context.found.error(
                    "duplicate-column", item.span, message, "remove one"
                )
            else:
                context.places.note(item.span, *path, item.text)
            columns.append(item.text)
        else:
            help = "write a text, or 'columns:' before the list"
            expected("the name of a column", item, context.found, help)
    if not node.items:
        message = "an index needs at least one column"
        context.found.error("empty-index", node.span, message, "list its columns")
    return tuple(columns)
