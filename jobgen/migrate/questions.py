"""What to ask a catalogue, to read a `Database` out of it.

Stage: migrate. Every statement runs under an empty search path, so that names are
printed in full, and takes the schema, or names in it, as parameters.
"""

from __future__ import annotations

from typing import Final, LiteralString

EXTENSIONS: Final[LiteralString] = """
SELECT extname::text FROM pg_extension WHERE extname = ANY (%s::text[])
"""

ENUMS: Final[LiteralString] = """
SELECT
    typname::text,
    ARRAY(
        SELECT enumlabel::text FROM pg_enum
        WHERE enumtypid = pg_type.oid ORDER BY enumsortorder
    ),
    obj_description(oid, 'pg_type')
FROM pg_type
WHERE typnamespace = to_regnamespace(quote_ident(%s)) AND typname = ANY (%s::text[])
    AND typtype = 'e'
"""

# A domain, and what it is one of, with all the rules that it has.
DOMAINS: Final[LiteralString] = """
SELECT
    typname::text,
    concat_ws(
        ' ',
        format_type(typbasetype, typtypmod),
        CASE WHEN typnotnull THEN 'NOT NULL' END,
        'DEFAULT ' || typdefault,
        (
            SELECT string_agg(pg_get_constraintdef(oid), ' ' ORDER BY conname)
            FROM pg_constraint WHERE contypid = pg_type.oid AND contype = 'c'
        )
    )
FROM pg_type
WHERE typnamespace = to_regnamespace(quote_ident(%s)) AND typname = ANY (%s::text[])
    AND typtype = 'd'
ORDER BY typname
"""

TABLES: Final[LiteralString] = """
SELECT
    oid,
    relname::text,
    pg_get_userbyid(relowner)::text,
    obj_description(oid, 'pg_class'),
    ARRAY(SELECT option_name FROM pg_options_to_table(reloptions)),
    ARRAY(SELECT option_value FROM pg_options_to_table(reloptions))
FROM pg_class
WHERE relnamespace = to_regnamespace(quote_ident(%s)) AND relname = ANY (%s::text[])
    AND relkind IN ('r', 'p')
"""

# What an identity counts with must not end before a bigint does, nor begin again.
HINDRANCES: Final[LiteralString] = """
WITH wanted AS (
    SELECT oid, relkind, relpersistence, relrowsecurity
    FROM pg_class WHERE oid = ANY (%s::oid[])
)
SELECT wanted.oid, 'unlogged storage' FROM wanted WHERE relpersistence = 'u'
UNION ALL
SELECT wanted.oid, 'row level security' FROM wanted WHERE relrowsecurity
UNION ALL
SELECT wanted.oid, 'rule ' || rulename
FROM wanted
JOIN pg_rewrite ON ev_class = wanted.oid
UNION ALL
SELECT wanted.oid, 'partitions' FROM wanted WHERE relkind = 'p'
UNION ALL
SELECT wanted.oid, 'child ' || inhrelid::regclass
FROM wanted
JOIN pg_inherits ON inhparent = wanted.oid
WHERE relkind = 'r'
UNION ALL
SELECT wanted.oid, 'parent ' || inhparent::regclass
FROM wanted
JOIN pg_inherits ON inhrelid = wanted.oid
UNION ALL
SELECT
    wanted.oid,
    format(
        'sequence of %%I (%%s)',
        attname,
        concat_ws(
            ', ',
            'maxvalue ' || nullif(seqmax, 9223372036854775807),
            CASE WHEN seqincrement < 0 THEN 'increment ' || seqincrement END,
            CASE WHEN seqcycle THEN 'cycle' END
        )
    )
FROM wanted
JOIN pg_depend ON
    refclassid = 'pg_class'::regclass AND refobjid = wanted.oid
    AND classid = 'pg_class'::regclass AND deptype = 'i'
JOIN pg_sequence ON seqrelid = objid
JOIN pg_attribute ON attrelid = wanted.oid AND attnum = refobjsubid
WHERE seqmax <> 9223372036854775807 OR seqincrement < 0 OR seqcycle
ORDER BY 1, 2
"""

# citext is an extension's: it lives in whatever schema the extension was put.
COLUMNS: Final[LiteralString] = """
SELECT
    attrelid,
    attname::text,
    regexp_replace(format_type(atttypid, atttypmod), '^.*[.]citext(?=[[]|$)', 'citext'),
    attnotnull,
    CASE WHEN attgenerated = '' THEN '' ELSE 'GENERATED ALWAYS AS ' END
        || pg_get_expr(adbin, adrelid),
    attidentity = 'd',
    col_description(attrelid, attnum)
FROM pg_attribute
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = ANY (%s::oid[]) AND attnum > 0 AND NOT attisdropped
ORDER BY attrelid, attnum
"""

CONSTRAINTS: Final[LiteralString] = """
SELECT
    conrelid,
    contype::text,
    conname::text,
    convalidated,
    pg_get_expr(conbin, conrelid),
    ARRAY(
        SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute ON attrelid = conrelid AND attnum = key.number ORDER BY place
    ),
    (SELECT nspname::text FROM pg_namespace WHERE oid = target.relnamespace),
    target.relname::text,
    ARRAY(
        SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute ON attrelid = confrelid AND attnum = key.number ORDER BY place
    ),
    CASE confdeltype
        WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null'
        WHEN 'd' THEN 'set default' ELSE 'no action'
    END
FROM pg_constraint
LEFT JOIN pg_class AS target ON target.oid = confrelid
WHERE conrelid = ANY (%s::oid[]) AND contype IN ('p', 'c', 'f')
ORDER BY conname
"""

# The columns of a plain B-tree, or the definition of any other index.
INDEXES: Final[LiteralString] = """
SELECT
    indrelid,
    relname::text,
    CASE WHEN usual THEN names ELSE ARRAY[pg_get_indexdef(indexrelid)] END,
    indisunique,
    pg_get_expr(indpred, indrelid),
    indisvalid
FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid
JOIN pg_am ON pg_am.oid = relam
CROSS JOIN LATERAL (
    SELECT
        array_agg(attname::text ORDER BY place) AS names,
        coalesce(bool_and(option = 0 AND opcdefault AND ordering = attcollation), false)
            AND indnkeyatts = indnatts AND amname = 'btree' AND NOT indnullsnotdistinct
            AS usual
    FROM unnest(
        indkey::int2[], indoption::int2[], indclass::oid[], indcollation::oid[]
    ) WITH ORDINALITY AS key (number, option, class, ordering, place)
    LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = number AND number > 0
    LEFT JOIN pg_opclass ON pg_opclass.oid = class
) AS keys
WHERE indrelid = ANY (%s::oid[]) AND NOT indisprimary
ORDER BY relname
"""

TRIGGERS: Final[LiteralString] = """
SELECT
    tgrelid,
    tgname::text,
    CASE WHEN tgtype & 4 > 0 THEN 'INSERT' ELSE 'UPDATE' END,
    CASE WHEN tgtype & 1 > 0 THEN 'ROW' ELSE 'STATEMENT' END,
    tgfoid::regproc::text,
    pg_get_triggerdef(oid) || CASE tgenabled
        WHEN 'O' THEN '' WHEN 'D' THEN ' (disabled)' WHEN 'R' THEN ' (on replicas only)'
        ELSE ' (on replicas too)'
    END
FROM pg_trigger
WHERE tgrelid = ANY (%s::oid[]) AND NOT tgisinternal
ORDER BY tgname
"""

# The body of a plain trigger function, or the definition of any other.
FUNCTIONS: Final[LiteralString] = """
SELECT
    proname::text,
    CASE
        WHEN lanname = 'plpgsql' AND NOT prosecdef AND proconfig IS NULL
            AND prorettype = 'trigger'::regtype
        THEN prosrc
        ELSE pg_get_functiondef(pg_proc.oid)
    END
FROM pg_proc
JOIN pg_language ON pg_language.oid = prolang
WHERE pronamespace = to_regnamespace(quote_ident(%s)) AND proname = ANY (%s::text[])
    AND pronargs = 0 AND prokind = 'f'
"""

# What a wake sequence must be, or how it differs.
SEQUENCES: Final[LiteralString] = """
SELECT
    relname::text,
    pg_get_userbyid(relowner)::text,
    concat_ws(
        ', ',
        CASE WHEN seqmin <> 0 THEN format('minvalue %%s', seqmin) END,
        CASE WHEN relpersistence <> 'p' THEN 'not logged' END,
        CASE WHEN NOT EXISTS (
            SELECT FROM aclexplode(relacl) WHERE grantee = 0 AND privilege_type = 'SELECT'
        ) THEN 'not readable by PUBLIC' END
    )
FROM pg_class
JOIN pg_sequence ON seqrelid = oid
WHERE relnamespace = to_regnamespace(quote_ident(%s)) AND relname = ANY (%s::text[])
"""

SCHEMA_GRANTS: Final[LiteralString] = """
SELECT rolname::text, privilege_type
FROM pg_namespace
CROSS JOIN aclexplode(nspacl)
JOIN pg_roles ON pg_roles.oid = grantee
WHERE nspname = %s AND grantee <> nspowner
"""

# Of tables and sequences; the owner may do everything anyway.
GRANTS: Final[LiteralString] = """
SELECT relname::text, rolname::text, privilege_type, ARRAY[]::text[]
FROM pg_class
CROSS JOIN aclexplode(relacl)
JOIN pg_roles ON pg_roles.oid = grantee
WHERE relnamespace = to_regnamespace(quote_ident(%(schema)s))
    AND relname = ANY (%(names)s::text[]) AND grantee <> relowner
UNION ALL
SELECT
    relname::text, rolname::text, privilege_type,
    array_agg(attname::text ORDER BY attnum)
FROM pg_class
JOIN pg_attribute ON attrelid = pg_class.oid AND NOT attisdropped
CROSS JOIN aclexplode(attacl)
JOIN pg_roles ON pg_roles.oid = grantee
WHERE relnamespace = to_regnamespace(quote_ident(%(schema)s))
    AND relname = ANY (%(names)s::text[]) AND grantee <> relowner
GROUP BY 1, 2, 3
"""
