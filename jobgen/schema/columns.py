"""Nodes under `columns` → `Column`s.

Stage: schema.
"""

from __future__ import annotations

import re

from jobgen.schema import names
from jobgen.schema.context import Context
from jobgen.schema.diagnostics import Span, shown
from jobgen.schema.fields import Fields
from jobgen.schema.grammar import Column as Keys
from jobgen.schema.grammar import Job as JobKeys
from jobgen.schema.grammar import References as ReferenceKeys
from jobgen.schema.kinds import expected, is_null
from jobgen.schema.labels import NO_LABELS, Labels
from jobgen.schema.literals import literal
from jobgen.schema.model import Column, References
from jobgen.schema.nodes import Broken, Entry, Mapping, Node, Scalar, Sequence
from jobgen.schema.texts import read_name
from jobgen.schema.typed_json import load_typed_json
from jobgen.schema.typenames import parse_type
from jobgen.schema.types import ColumnType, Family

BASE_COLUMNS = (
    "id",
    "created_at",
    "updated_at",
    "status",
    "last_error",
    "attempts_count",
    "locked_at",
    "locked_by",
    "run_at",
    "priority",
)
"""What a job table may have beside its payload."""

_SETTINGS = frozenset(setting.name for setting in JobKeys.KEYS)

_SYSTEM_COLUMNS = ("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")

_TABLE = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_$]*\.)?[A-Za-z_][A-Za-z0-9_$]*")
_ENUM = re.compile(r"enum\b", re.IGNORECASE)
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


def load_columns(node: Mapping, job: str, context: Context) -> tuple[Column, ...]:
    columns = (_column(entry, job, context) for entry in node.entries)
    return tuple(column for column in columns if column is not None)


def check_default_columns(node: Mapping, context: Context) -> None:
    """Reads the columns of `defaults` once, so that mistakes are found although jobs
    override them. What one lacks, jobs may add."""
    for entry in node.entries:
        _column(entry, "", context, partial=True)


def _column(
    entry: Entry, job: str, context: Context, *, partial: bool = False
) -> Column | None:
    name, value = entry.key.text, entry.value
    context.places.note(entry.key.span, "jobs", job, "columns", name)
    _check_name(entry.key, context)
    if isinstance(value, Scalar):
        return _short(entry.key, value, context)
    if isinstance(value, Mapping):
        what, place = f"the column {shown(name)}", entry.key.span
        fields = Fields(
            value, Keys.KEYS, context.found, what=what, place=place, partial=partial
        )
        return _long(entry.key, fields, job, context)
    expected("a type", value, context.found, "write 'name: type'")
    return None


def _check_name(key: Scalar, context: Context) -> None:
    name = read_name(key, "a column", context.found)
    if name in BASE_COLUMNS:
        message = f"'{name}' is a column that every job table has or may have"
        context.found.error("reserved-column", key.span, message, "rename yours")
    elif name in _SYSTEM_COLUMNS:
        message = f"'{name}' is a system column of PostgreSQL"
        context.found.error("reserved-column", key.span, message, "rename yours")


def _short(key: Scalar, value: Scalar, context: Context) -> Column | None:
    if value.empty:
        message = f"the column {shown(key.text)} has no type"
        context.found.error("missing-value", key.span, message, "write one, as text")
        return None
    if is_null(value):
        help = "write one, such as text, or text? where the column may be NULL"
        expected("a type", value, context.found, help)
        return None
    nullable = value.text.endswith("?")
    if nullable and value.plain and value.flow:
        context.found.error(
            "unquoted-question-mark",
            value.span,
            "within { } YAML wants quotes around a text with '?'",
            f'write {{{key.text}: "{value.text}"}}',
        )
    column_type = _type(key.text, value.text, value.span, context)
    if column_type is None:
        return None
    return Column(
        name=key.text,
        attribute=names.attribute(key.text),
        type=column_type,
        nullable=nullable,
    )


def _type(
    column: str, text: str, span: Span, context: Context, *, short: bool = True
) -> ColumnType | None:
    """The type that `text` names, with a `?` at its end or not; `short` is the form."""
    bare = text.removesuffix("?")
    parsed = parse_type(bare, context.enum_classes, context.postgres.schema)
    if isinstance(parsed, ColumnType):
        return parsed
    if parsed.code == "unknown-type" and context.places.doubtful("enums"):
        return None  # it may be one of the enums that could not be read
    help = parsed.help or _type_help(column, text, context, short=short)
    context.found.error(parsed.code, span, parsed.message, help)
    return None


def _type_help(column: str, text: str, context: Context, *, short: bool) -> str:
    bare = text.removesuffix("?")
    if _ENUM.match(bare):
        return "list its labels under 'enums:', and write the name of that enum"
    better = context.type_guesses.meant(bare)
    if better is not None:
        name = better.removesuffix("?")
        nullable = name != better or bare != text
        if nullable and not short:
            return f"write type: {name}, nullable: true"
        return f"did you mean '{name}{'?' if nullable else ''}'?"
    if column in _SETTINGS:
        return "if this is a setting of the job, indent it like 'columns:'"
    return "use a type of PostgreSQL, or an enum of this file"


def _long(key: Scalar, fields: Fields, job: str, context: Context) -> Column | None:
    nullable = _nullable(fields)
    column_type = _long_type(key.text, fields, context)
    references = _references(fields, key, job, nullable, context)
    default = _default(fields, column_type, nullable, context)
    default_sql = fields.get(Keys.DEFAULT_SQL)
    doc, check = fields.get(Keys.DOC), fields.get(Keys.CHECK)
    typed_json = load_typed_json(fields, column_type, context)
    renamed_from = fields.get(Keys.RENAMED_FROM)
    _check_one_default(fields, context)
    if column_type is None:
        return None
    return Column(
        name=key.text,
        attribute=names.attribute(key.text),
        type=column_type,
        nullable=nullable,
        default=default,
        default_sql=default_sql,
        doc=doc,
        references=references,
        check=check,
        typed_json=typed_json,
        renamed_from=renamed_from,
    )


def _nullable(fields: Fields) -> bool:
    """Also where one cannot tell, so that nothing else is wrong because of it."""
    nullable, text = fields.get(Keys.NULLABLE), fields.get(Keys.TYPE)
    if nullable is None and (fields.partial or fields.has(Keys.NULLABLE)):
        return True
    return bool(nullable) or (text or "").endswith("?")


def _long_type(column: str, fields: Fields, context: Context) -> ColumnType | None:
    text, span = fields.get(Keys.TYPE), fields.span(Keys.TYPE)
    if text is None or span is None:
        return None
    if text.endswith("?"):
        context.found.error(
            "nullable-type",
            span,
            "the short form's '?' does not go into 'type'",
            f"write type: {text.removesuffix('?')}, nullable: true",
        )
    return _type(column, text, span, context, short=False)


def _default(
    fields: Fields, column_type: ColumnType | None, nullable: bool, context: Context
) -> str | None:
    node = fields.get(Keys.DEFAULT)
    if node is None or column_type is None or isinstance(node, Broken):
        return None
    json = column_type.element.family is Family.JSON and not column_type.array
    if is_null(node) and nullable:
        return None  # NULL is what a column without a default has
    if is_null(node) and not json and column_type.element.family is not Family.ENUM:
        message = "the column is not nullable, so NULL cannot be its default"
        context.found.error("bad-default", node.span, message, "add 'nullable: true'")
        return None
    enum = column_type.enum or ""
    doubtful = context.places.doubtful("enums", enum)
    labels = NO_LABELS if doubtful else context.labels.get(enum, NO_LABELS)
    sql = literal(node, column_type, labels, context.found.guesses)
    if not isinstance(sql, str):
        for each in sql:
            context.found.error("bad-default", each.span, each.message, each.help)
        return None
    _warn_of_deprecated(node, labels, context)
    return sql


def _warn_of_deprecated(node: Node, labels: Labels, context: Context) -> None:
    for each in node.items if isinstance(node, Sequence) else (node,):
        if isinstance(each, Scalar) and labels.deprecated.get(each.text):
            message = f"the label {shown(each.text)} is deprecated"
            help = (
                "let another one be the default: every producer that says none gets it"
            )
            context.found.warning("deprecated-default", each.span, message, help)


def _check_one_default(fields: Fields, context: Context) -> None:
    span = fields.span(Keys.DEFAULT_SQL)
    if span is not None and fields.span(Keys.DEFAULT) is not None:
        message = "a column has either 'default' or 'default_sql'"
        context.found.error("two-defaults", span, message, "remove one of them")


def _references(
    fields: Fields, key: Scalar, job: str, nullable: bool, context: Context
) -> References | None:
    node = fields.get(Keys.REFERENCES)
    if node is None:
        return None
    what, keys = "'references'", ReferenceKeys.KEYS
    inner = Fields(
        node, keys, context.found, what=what, place=node.span, partial=fields.partial
    )
    table = _identifier(inner.get(ReferenceKeys.TABLE), _TABLE)
    column = _identifier(inner.get(ReferenceKeys.COLUMN), _COLUMN)
    on_delete = inner.get(ReferenceKeys.ON_DELETE)
    for part, read in ((ReferenceKeys.TABLE, table), (ReferenceKeys.COLUMN, column)):
        span = inner.span(part)
        if span is not None:
            path = ("jobs", job, "columns", key.text, "references", part.name)
            context.places.note(span, *path)
            if read is None:
                message = f"this cannot be the name of a {part.name}"
                context.found.error("bad-name", span, message, "write it unquoted")
    _check_on_delete(inner, on_delete, nullable, _may_have_default(fields), context)
    if table is None or column is None:
        return None
    return References(table=table, column=column, on_delete=on_delete or "no action")


def _identifier(text: str | None, pattern: re.Pattern[str]) -> str | None:
    return text if text is not None and pattern.fullmatch(text) else None


def _may_have_default(fields: Fields) -> bool:
    """Whether the column has one, perhaps a wrong one, or a job may add it."""
    return fields.partial or fields.has(Keys.DEFAULT) or fields.has(Keys.DEFAULT_SQL)


def _check_on_delete(
    fields: Fields,
    on_delete: str | None,
    nullable: bool,
    defaulted: bool,
    context: Context,
) -> None:
    """Refuses what would make every deletion fail."""
    span = fields.span(ReferenceKeys.ON_DELETE)
    if span is None or nullable:
        return
    if on_delete == "set null":
        message = "'set null' needs a nullable column"
        help = "add 'nullable: true', or use 'cascade' or 'restrict'"
        context.found.error("set-null-not-nullable", span, message, help)
    elif on_delete == "set default" and not defaulted:
        message = "'set default' needs a column with a default, or a nullable one"
        help = "add 'default:', or use 'cascade' or 'restrict'"
        context.found.error("no-default-to-set", span, message, help)
