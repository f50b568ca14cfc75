"""The statements that change one thing each, and the locks that they take.

Stage: migrate. Pure. In: values of `tables`. Out: a `Statement`; every name and text
goes through `quoting`.
"""

from __future__ import annotations

from collections.abc import Iterable

from jobgen.emit.literals import dollar_quoted
from jobgen.migrate.changes import Comment, Granted
from jobgen.migrate.steps import Lock, Statement
from jobgen.schema.indexes import Index
from jobgen.schema.notifications import Function, Trigger
from jobgen.schema.quoting import qualified, quote_identifier, quote_literal
from jobgen.schema.tables import (
    Alias,
    Check,
    Column,
    EnumType,
    ForeignKey,
    Sync,
    Table,
)

_ASKED = (
    "prefer-bigint-over-int,prefer-bigint-over-smallint,prefer-text-field,"
    "prefer-timestamp-tz,adding-not-nullable-field,adding-field-with-default: As the"
    " schema file says; a column that must not be NULL has a default, and a default that"
    " is added with its column is the same for all rows."
)


def alter(
    table: str, action: str, lock: Lock = Lock.ACCESS_EXCLUSIVE, excuse: str = ""
) -> Statement:
    """`ALTER TABLE`, which most changes are."""
    sql = f"ALTER TABLE {table} {action}"
    return Statement(sql=sql, locks=((table, lock),), excuse=excuse)


def add_column(table: str, column: Column) -> Statement:
    """Instant: a default must be constant, or the same for all of a transaction."""
    default = "" if column.default is None else f" DEFAULT {column.default}"
    null = " NOT NULL" if column.not_null else ""
    name = quote_identifier(column.name)
    return Statement(
        sql=f"ALTER TABLE {table} ADD COLUMN {name} {column.type}{null}{default}",
        locks=((table, Lock.ACCESS_EXCLUSIVE),),
        excuse=_ASKED,
    )


_RETIRED = "Retired by an earlier migration; nobody reads it."


def drop_column(table: str, column: Column, why: str = _RETIRED) -> Statement:
    return alter(
        table,
        f"DROP COLUMN {quote_identifier(column.name)}",
        excuse=f"ban-drop-column: {why}",
    )


def rename_column(table: str, name: str, to: str) -> Statement:
    return alter(
        table,
        f"RENAME COLUMN {quote_identifier(name)} TO {quote_identifier(to)}",
        excuse="renaming-column: No statement knows it by this name.",
    )


def set_type(table: str, column: Column) -> Statement:
    return alter(
        table,
        f"ALTER COLUMN {quote_identifier(column.name)} TYPE {column.type}",
        excuse="changing-column-type,prefer-text-field: The values stay as they are"
        " stored.",
    )


def set_default(table: str, column: Column) -> Statement:
    action = f"SET DEFAULT {column.default}" if column.default else "DROP DEFAULT"
    return alter(
        table,
        f"ALTER COLUMN {quote_identifier(column.name)} {action}",
        excuse="" if column.default else "ban-drop-default: As the schema file says.",
    )


def set_not_null(table: str, column: Column) -> Statement:
    return alter(
        table,
        f"ALTER COLUMN {quote_identifier(column.name)} SET NOT NULL",
        excuse="adding-not-nullable-field: A validated check proves it without a scan.",
    )


def drop_not_null(table: str, column: Column) -> Statement:
    return alter(
        table,
        f"ALTER COLUMN {quote_identifier(column.name)} DROP NOT NULL",
        excuse="ban-drop-not-null: As the schema file says.",
    )


def add_check(table: str, check: Check) -> Statement:
    """For rows to come; `validate` looks at those that there are."""
    name = quote_identifier(check.name)
    return alter(table, f"ADD CONSTRAINT {name} CHECK ({check.expression}) NOT VALID")


def add_foreign_key(table: str, key: ForeignKey) -> Statement:
    """The same for a reference; it locks both tables against writers."""
    target = qualified(key.schema, key.table)
    lock = Lock.SHARE_ROW_EXCLUSIVE
    return Statement(
        sql=f"ALTER TABLE {table} ADD CONSTRAINT {quote_identifier(key.name)}"
        f" FOREIGN KEY ({_names(key.columns)})"
        f"\n    REFERENCES {target} ({_names(key.references)})"
        f" ON DELETE {key.on_delete.upper()} NOT VALID",
        locks=((table, lock), (target, lock)),
    )


def validate(table: str, constraint: str) -> Statement:
    return alter(
        table,
        f"VALIDATE CONSTRAINT {quote_identifier(constraint)}",
        Lock.SHARE_UPDATE_EXCLUSIVE,
    )


def drop_constraint(table: str, constraint: str, why: str) -> Statement:
    return alter(
        table,
        f"DROP CONSTRAINT {quote_identifier(constraint)}",
        excuse=f"ban-drop-constraint: {why}",
    )


def drop_foreign_key(table: str, key: ForeignKey) -> Statement:
    """It takes triggers off both tables."""
    lock, target = Lock.ACCESS_EXCLUSIVE, qualified(key.schema, key.table)
    return Statement(
        sql=f"ALTER TABLE {table} DROP CONSTRAINT {quote_identifier(key.name)}",
        locks=((table, lock), (target, lock)),
        excuse="ban-drop-constraint: As the schema file says.",
    )


def create_index(table: Table, index: Index) -> Statement:
    """Without a lock that stops writers."""
    unique = "UNIQUE " if index.unique else ""
    where = f"\n    WHERE {index.where}" if index.where else ""
    name = qualified(table.schema, table.name)
    return Statement(
        sql=f"CREATE {unique}INDEX CONCURRENTLY {quote_identifier(index.name)}"
        f" ON {name} ({_names(index.columns)}){where}",
        locks=((name, Lock.SHARE_UPDATE_EXCLUSIVE),),
        excuse="prefer-robust-stmts: IF NOT EXISTS would keep what a failed build left.",
    )


def drop_index(table: Table, name: str) -> Statement:
    return Statement(
        sql=f"DROP INDEX CONCURRENTLY IF EXISTS {qualified(table.schema, name)}",
        locks=((qualified(table.schema, table.name), Lock.SHARE_UPDATE_EXCLUSIVE),),
    )


def swap_index(table: Table, draft: str, name: str) -> Iterable[Statement]:
    """The index `draft` takes the place of the one called `name`, in one moment."""
    yield Statement(
        sql=f"DROP INDEX {qualified(table.schema, name)}",
        locks=((qualified(table.schema, table.name), Lock.ACCESS_EXCLUSIVE),),
        excuse="require-concurrent-index-deletion: Its successor is there already.",
    )
    yield rename_index(table, draft, name)


def rename_index(table: Table, name: str, to: str) -> Statement:
    return Statement(
        sql=f"ALTER INDEX {qualified(table.schema, name)}"
        f" RENAME TO {quote_identifier(to)}",
        excuse="renaming-object: No statement names an index.",
    )


def set_options(table: str, options: Iterable[tuple[str, str]]) -> Statement:
    listed = ", ".join(f"{name} = {value}" for name, value in options)
    return alter(table, f"SET ({listed})", Lock.SHARE_UPDATE_EXCLUSIVE)


def reset_option(table: str, name: str) -> Statement:
    return alter(table, f"RESET ({name})", Lock.SHARE_UPDATE_EXCLUSIVE)


def comment(where: str, of: Comment) -> Statement:
    text = "NULL" if of.text is None else quote_literal(of.text)
    if of.on_type:
        return Statement(sql=f"COMMENT ON TYPE {where} IS {text}")
    return Statement(
        sql=f"COMMENT ON TABLE {where} IS {text}",
        locks=((where, Lock.SHARE_UPDATE_EXCLUSIVE),),
    )


def comment_column(table: str, column: Column) -> Statement:
    text = "NULL" if column.comment is None else quote_literal(column.comment)
    return Statement(
        sql=f"COMMENT ON COLUMN {table}.{quote_identifier(column.name)} IS {text}",
        locks=((table, Lock.SHARE_UPDATE_EXCLUSIVE),),
    )


def add_label(enum: EnumType, place: int) -> Statement:
    """The label at `place`, which those before it have taken already."""
    label = quote_literal(enum.labels[place])
    after = f" AFTER {quote_literal(enum.labels[place - 1])}" if place else ""
    first = "" if place else f" BEFORE {quote_literal(enum.labels[1])}"
    name = qualified(enum.schema, enum.name)
    return Statement(
        sql=f"ALTER TYPE {name} ADD VALUE IF NOT EXISTS {label}{after}{first}"
    )


def rename_type(schema: str, name: str, to: str) -> Statement:
    """An enum's: columns and plans know it by its number, and go on."""
    return Statement(
        sql=f"ALTER TYPE {qualified(schema, name)} RENAME TO {quote_identifier(to)}",
        excuse="renaming-object: A domain has the old name from now on.",
    )


def create_alias(alias: Alias) -> Statement:
    name = qualified(alias.schema, alias.name)
    return Statement(sql=f"CREATE DOMAIN {name} AS {alias.type}")


def create_wake(schema: str, name: str) -> Iterable[Statement]:
    wake = qualified(schema, name)
    yield Statement(sql=f"CREATE SEQUENCE IF NOT EXISTS {wake} MINVALUE 0")
    yield Statement(sql=f"GRANT SELECT ON SEQUENCE {wake} TO PUBLIC")


def replace_function(function: Function) -> Statement:
    name = qualified(function.schema, function.name)
    return Statement(
        sql=f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger"
        f"\n    LANGUAGE plpgsql AS {dollar_quoted(function.body)}"
    )


def replace_trigger(table: str, trigger: Trigger) -> Statement:
    return Statement(
        sql=f"CREATE OR REPLACE TRIGGER {quote_identifier(trigger.name)}"
        f"\n    AFTER {trigger.event} ON {table}"
        f"\n    FOR EACH {trigger.level}"
        f"\n    WHEN (\n        {trigger.condition}\n    )"
        f"\n    EXECUTE FUNCTION {trigger.function}()",
        locks=((table, Lock.SHARE_ROW_EXCLUSIVE),),
    )


def create_sync(table: str, schema: str, sync: Sync) -> Iterable[Statement]:
    yield replace_function(Function(schema=schema, name=sync.name, body=sync.body))
    yield Statement(
        sql=sync.definition.replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER", 1),
        locks=((table, Lock.SHARE_ROW_EXCLUSIVE),),
    )


def drop_sync(table: str, schema: str, sync: Sync) -> Iterable[Statement]:
    yield drop_trigger(table, sync.name)
    yield Statement(
        sql=f"DROP FUNCTION {qualified(schema, sync.name)}()",
        excuse="ban-drop-function: Retired by an earlier migration; nobody uses it.",
    )


def drop_trigger(table: str, name: str) -> Statement:
    return Statement(
        sql=f"DROP TRIGGER {quote_identifier(name)} ON {table}",
        locks=((table, Lock.ACCESS_EXCLUSIVE),),
    )


def find_extension(name: str, *, local: bool) -> Statement:
    """Its types are found wherever it was installed."""
    return Statement(
        sql=f"""\
SELECT pg_catalog.set_config(
    'search_path',
    pg_catalog.concat_ws(
        ', ',
        pg_catalog.quote_ident(home.nspname),
        nullif(pg_catalog.current_setting('search_path'), '')
    ),
    {"true" if local else "false"}
)
FROM pg_catalog.pg_extension AS extension
INNER JOIN pg_catalog.pg_namespace AS home ON home.oid = extension.extnamespace
WHERE extension.extname = {quote_literal(name)}"""
    )


def grant(change: Granted) -> Statement:
    return Statement(
        sql=f"GRANT {privilege(change)} ON {change.object}"
        f" TO {quote_identifier(change.grant.role)}"
    )


def privilege(change: Granted) -> str:
    """As GRANT and REVOKE say it."""
    columns = change.grant.columns
    return change.grant.privilege + (f" ({_names(columns)})" if columns else "")


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(quote_identifier, names))
