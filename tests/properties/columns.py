"""The columns of a job, right by construction: types, defaults, checks, references."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from hypothesis import strategies as st

from jobgen.schema import names as derived
from jobgen.schema.columns import BASE_COLUMNS
from jobgen.schema.quoting import quote_identifier
from tests.properties.cases import MISSING, ColumnCase
from tests.properties.json_classes import json_classes
from tests.properties.kinds import KINDS, Kind, array_of, enum_kind, is_list, is_mapping
from tests.properties.names import several
from tests.properties.texts import conditions, docs

Draw: TypeAlias = st.DrawFn
Node: TypeAlias = dict[str, object]

LONGEST = 63
"""The bytes of PostgreSQL's names."""

_SYSTEM_COLUMNS = {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}


@st.composite
def columns(
    draw: Draw,
    table: str,
    enums: Mapping[str, object],
    longest: int,
    targets: Mapping[str, object],
) -> tuple[Node, list[ColumnCase]]:
    attributes: set[str] = set()

    def fits(name: str) -> bool:
        attribute = derived.attribute(name)
        free = attribute not in attributes and name not in {
            *BASE_COLUMNS,
            *_SYSTEM_COLUMNS,
        }
        if free:
            attributes.add(attribute)
        return free

    nodes: Node = {}
    found: list[ColumnCase] = []
    for name in draw(several(longest, 6, fits)):
        room = LONGEST - len(derived.check(table, name))
        nodes[name], case = draw(_column(name, enums, room, targets))
        found.append(case)
    return nodes, found


@st.composite
def _column(
    draw: Draw,
    name: str,
    enums: Mapping[str, object],
    room: int,
    targets: Mapping[str, object],
) -> tuple[object, ColumnCase]:
    if room >= 0 and draw(st.integers(0, 7)) == 0:
        return draw(_reference(name, targets))
    kind, enum = draw(_kinds(enums))
    nullable = draw(st.booleans())
    if draw(st.booleans()):
        case = ColumnCase(name=name, kind=kind, enum=enum, nullable=nullable)
        return kind.sql + ("?" if nullable else ""), case
    node: Node = {"type": kind.sql}
    if nullable or draw(st.booleans()):
        node["nullable"] = nullable
    default = draw(_default(kind, node))
    json_class = None
    if kind.sql in ("json", "jsonb") and draw(st.booleans()):
        json_class = draw(json_classes())
        node |= json_class.keys
    node |= draw(st.fixed_dictionaries({}, optional={"doc": docs()}))
    if room >= 0 and draw(st.booleans()):
        node["check"] = draw(_check(name))
    case = ColumnCase(
        name=name,
        kind=kind,
        enum=enum,
        json_class=json_class,
        nullable=nullable,
        defaulted="default" in node or "default_sql" in node,
        default=default,
    )
    return node, case


@st.composite
def _kinds(draw: Draw, enums: Mapping[str, object]) -> tuple[Kind, str | None]:
    choices = {name: enum_kind(name, _labels(node)) for name, node in enums.items()}
    name = draw(st.sampled_from([*choices, *KINDS, "json", "jsonb"]))
    kind = choices.get(name) or KINDS[name]
    if draw(st.integers(0, 2)) == 0:
        kind = array_of(kind)
    return kind, name if name in choices else None


@st.composite
def _default(draw: Draw, kind: Kind, node: Node) -> object:
    """Adds a default, or none; the result is its value where that is known."""
    way = draw(st.sampled_from(["none", "literal", "sql"]))
    if way == "literal":
        value = draw(kind.defaults.filter(lambda found: found is not None))
        node["default"] = kind.written(value)
        return kind.loaded(value)
    if way == "sql" and kind.expressions:
        node["default_sql"] = draw(st.sampled_from(kind.expressions))
    return MISSING


@st.composite
def _check(draw: Draw, name: str) -> str:
    column = quote_identifier(name)
    condition = draw(conditions())
    return draw(
        st.sampled_from(
            [condition, f"{column} IS NULL OR ({condition})", f"({condition})"]
        )
    )


@st.composite
def _reference(
    draw: Draw, name: str, targets: Mapping[str, object]
) -> tuple[object, ColumnCase]:
    table = draw(st.sampled_from(sorted(targets)))
    kind = KINDS[str(targets[table])]
    actions = ["no action", "restrict", "cascade", "set null", "set default"]
    node: Node = {
        "type": kind.sql,
        "nullable": True,
        "references": {
            "table": table,
            "column": "id",
            "on_delete": draw(st.sampled_from(actions)),
        },
    }
    case = ColumnCase(name=name, kind=kind, nullable=True, refers=True)
    return node, case


def _labels(node: object) -> tuple[str, ...]:
    if is_mapping(node):
        return (*node["labels"], *node.get("deprecated", ()))
    return tuple(node) if is_list(node) else ()
