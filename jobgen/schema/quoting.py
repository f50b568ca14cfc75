"""The only ways by which a text or a name gets into SQL.

Stage: schema; used by everything that composes SQL. What comes out is data for
PostgreSQL whatever the input, under any setting of the server.
"""

from __future__ import annotations

import re
from functools import cache

from jobgen.schema.invisible import INVISIBLE, is_plain

_PLAIN_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*")

_SHORT = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}

_QUOTED_WORDS = """
    all analyse analyze and any array as asc asymmetric authorization
    between bigint binary bit boolean both case cast char character check
    coalesce collate collation column concurrently constraint create cross
    current_catalog current_date current_role current_schema current_time
    current_timestamp current_user dec decimal default deferrable desc
    distinct do else end except exists extract false fetch float for foreign
    freeze from full grant greatest group grouping having ilike in initially
    inner inout int integer intersect interval into is isnull join json
    json_array json_arrayagg json_exists json_object json_objectagg
    json_query json_scalar json_serialize json_table json_value lateral
    leading least left like limit localtime localtimestamp merge_action
    national natural nchar none normalize not notnull null nullif numeric
    offset on only or order out outer overlaps overlay placing position
    precision primary real references returning right row select
    session_user setof similar smallint some substring symmetric system_user
    table tablesample then time timestamp to trailing treat trim true union
    unique user using values varchar variadic verbose when where window with
    xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces
    xmlparse xmlpi xmlroot xmlserialize xmltable
"""

KEYWORDS = frozenset(_QUOTED_WORDS.split())
"""Words that are not always a name when unquoted: every keyword of PostgreSQL 18
but the unreserved ones, which are the words that its `quote_ident` quotes."""


def quote_literal(text: str) -> str:
    """`it's` → `'it''s'`: a string constant that stays on one line.

    Backslashes and invisible characters (line ends and tabs too) take the `E''`
    form, which means the same whatever `standard_conforming_strings` says, and
    which no editor or checkout changes. `text` must not contain U+0000.
    """
    quoted = "'" + text.replace("'", "''") + "'"
    if "\\" not in quoted and is_plain(quoted):
        return quoted
    escaped = _needs_escape().sub(_escape, quoted)
    return quoted if escaped == quoted else "E" + escaped


@cache  # compiled when needed, because it takes milliseconds
def _needs_escape() -> re.Pattern[str]:
    return re.compile(rf"[\\{INVISIBLE}]")


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    return _SHORT.get(character, f"\\U{ord(character):08X}")


@cache
def quote_identifier(name: str) -> str:
    """`order` → `"order"`, `kind` → `kind`: quotes only where SQL needs them."""
    if _PLAIN_IDENTIFIER.fullmatch(name) and name not in KEYWORDS:
        return name
    return quoted_identifier(name)


def quoted_identifier(name: str) -> str:
    """`if` → `"if"`: also where it is a keyword of PL/pgSQL alone, as after `NEW.`."""
    return '"' + name.replace('"', '""') + '"'


@cache
def qualified(schema: str, name: str) -> str:
    """`public.send_mail_jobs`, each part quoted where it needs to be."""
    return f"{quote_identifier(schema)}.{quote_identifier(name)}"
