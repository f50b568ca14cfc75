"""Schemas that have nothing wrong, right by construction.

`cases()` draws one: its text, and what a test must know to fill its tables. To
cover a new key of the grammar, draw it in the function of its mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hypothesis import strategies as st

from jobgen.schema import names as derived
from jobgen.schema.checks import RESERVED_CLASSES
from jobgen.schema.columns import BASE_COLUMNS
from jobgen.schema.jobs import RESERVED_JOBS
from jobgen.schema.quoting import quote_identifier
from jobgen.schema.tables import STATUS_TYPE, WORKERS_TABLE
from jobgen.schema.typenames import REFUSED, TYPE_NAMES
from tests.properties.kinds import KINDS, Kind, array_of, enum_kind, is_list, is_mapping
from tests.properties.names import names, several
from tests.properties.settings import settings
from tests.properties.texts import conditions, docs, labels
from tests.properties.yaml_text import yaml

Draw: TypeAlias = st.DrawFn
Node: TypeAlias = dict[str, object]

ORDINARY = 40
"""The bytes of a name for which the output is laid out as `ruff format` does."""

LONGEST = 63
_SYSTEM_COLUMNS = {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}
_MISSING = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnCase:
    """One column; `default` is the value that the server fills in, if it is known."""

    name: str
    kind: Kind
    enum: str | None
    nullable: bool
    refers: bool
    defaulted: bool
    default: object = _MISSING

    @property
    def default_is_known(self) -> bool:
        return self.default is not _MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCase:
    name: str
    columns: tuple[ColumnCase, ...]
    priority: bool
    unique: bool
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A schema: what `jobgen build` reads, and what is in it."""

    text: str
    jobs: tuple[JobCase, ...]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How hypothesis shows a schema that breaks something."""
        printer.text(self.text)


@dataclass(slots=True)
class _Taken:
    """The names of one schema that are given away already."""

    classes: set[str] = field(default_factory=lambda: set(RESERVED_CLASSES))
    types: set[str] = field(
        default_factory=lambda: {STATUS_TYPE, WORKERS_TABLE, *TYPE_NAMES, *REFUSED}
    )
    tables: list[str] = field(default_factory=lambda: [WORKERS_TABLE])

    def enum(self, name: str) -> bool:
        """Whether an enum may have `name`, which then is taken."""
        class_name = derived.class_name(name)
        if class_name in self.classes or name in self.types:
            return False
        self.classes.add(class_name)
        self.types.add(name)
        return True

    def job(self, name: str) -> bool:
        classes = {derived.class_name(name), derived.row_class_name(name)}
        if classes & self.classes or len(classes) < 2 or name in RESERVED_JOBS:
            return False
        self.classes |= classes
        return True

    def table(self, name: str) -> bool:
        """The same for a table: none begins with another one's name and `_`, so
        that nothing derived from the two can meet."""
        meets = any(
            name == other
            or name.startswith(f"{other}_")
            or other.startswith(f"{name}_")
            for other in self.tables
        )
        if meets or name in self.types:
            return False
        self.types.add(name)
        self.tables.append(name)
        return True


@st.composite
def cases(draw: Draw, *, longest: int = LONGEST, minimum: int = 18) -> Case:
    """A schema with names of at most `longest` bytes, for servers from `minimum`."""
    taken = _Taken()
    enums = draw(_enums(taken, longest))
    defaults = draw(st.none() | settings())
    jobs: dict[str, Node] = {}
    found: list[JobCase] = []
    for name in draw(several(longest, 4, taken.job, least=1)):
        node, case = draw(_jobs(name, jobs, taken, enums, longest, defaults or {}))
        jobs[name] = node
        found.append(case)
    root: Node = {"jobgen": 1, "package": "sample", "output": "../sample"}
    root |= draw(_top(minimum, longest))
    if enums:
        root["enums"] = enums
    if defaults is not None:
        root["defaults"] = defaults
    return Case(text=yaml({**root, "jobs": jobs}), jobs=tuple(found))


def _top(minimum: int, longest: int) -> st.SearchStrategy[Node]:
    schemas = names(longest).filter(lambda name: not name.startswith("pg_"))
    postgres = st.fixed_dictionaries(
        {"minimum": st.integers(15, minimum)},
        optional={"schema": schemas.filter(lambda name: name != "information_schema")},
    )
    return st.fixed_dictionaries(
        {},
        optional={
            "postgres": postgres,
            "migrations": st.just("migrations"),
            "reserved": st.just(["zz_once", "zz_fax"]),
        },
    )


# --- enums ------------------------------------------------------------------


@st.composite
def _enums(draw: Draw, taken: _Taken, longest: int) -> dict[str, object]:
    chosen = draw(several(longest, 3, taken.enum))
    return {name: draw(_enum()) for name in chosen}


@st.composite
def _enum(draw: Draw) -> object:
    found = draw(
        st.lists(labels(), min_size=1, max_size=5, unique_by=derived.enum_member)
    )
    if draw(st.booleans()):
        return found
    kept = draw(st.integers(1, len(found)))
    node: Node = {"labels": found[:kept]}
    if found[kept:]:
        node["deprecated"] = found[kept:]
    return node | draw(st.fixed_dictionaries({}, optional={"doc": docs()}))


def _labels(node: object) -> tuple[str, ...]:
    if is_mapping(node):
        return (*node["labels"], *node.get("deprecated", ()))
    return tuple(node) if is_list(node) else ()


# --- jobs -------------------------------------------------------------------


@st.composite
def _jobs(
    draw: Draw,
    name: str,
    before: Mapping[str, Node],
    taken: _Taken,
    enums: Mapping[str, object],
    longest: int,
    defaults: Node,
) -> tuple[Node, JobCase]:
    table, node = draw(_table(name, taken, longest))
    node |= draw(settings())
    targets = {
        str(other.get("table", derived.table(job))): other.get("id", "bigint")
        for job, other in before.items()
    }
    merged = {**defaults, **node}
    targets[table] = merged.get("id", "bigint")
    columns, found = draw(_columns(table, enums, longest, targets))
    node["columns"] = columns
    indexes = draw(_indexes(table, found))
    if indexes:
        node["indexes"] = indexes
    # Recorded for those that refer to this table later.
    node.setdefault("id", merged.get("id", "bigint"))
    case = JobCase(
        name=name,
        columns=tuple(found),
        priority=bool(merged.get("priority", False)),
        unique=any("unique" in index for index in indexes if isinstance(index, dict)),
        here=merged.get("worker", "here") == "here",
    )
    return node, case


@st.composite
def _table(draw: Draw, job: str, taken: _Taken, longest: int) -> tuple[str, Node]:
    """The table's name, and the setting where it is not the usual one."""
    most = LONGEST - len(derived.notify_function(""))
    usual = derived.table(job)
    if len(usual) <= most and draw(st.booleans()) and taken.table(usual):
        return usual, {}
    (name,) = draw(several(min(most, longest), 1, taken.table, least=1))
    return name, {"table": name}


# --- columns ----------------------------------------------------------------


@st.composite
def _columns(
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
        case = ColumnCase(
            name=name,
            kind=kind,
            enum=enum,
            nullable=nullable,
            refers=False,
            defaulted=False,
        )
        return kind.sql + ("?" if nullable else ""), case
    node: Node = {"type": kind.sql}
    if nullable or draw(st.booleans()):
        node["nullable"] = nullable
    default = draw(_default(kind, node))
    node |= draw(st.fixed_dictionaries({}, optional={"doc": docs()}))
    if room >= 0 and draw(st.booleans()):
        node["check"] = draw(_check(name))
    case = ColumnCase(
        name=name,
        kind=kind,
        enum=enum,
        nullable=nullable,
        refers=False,
        defaulted="default" in node or "default_sql" in node,
        default=default,
    )
    return node, case


@st.composite
def _kinds(draw: Draw, enums: Mapping[str, object]) -> tuple[Kind, str | None]:
    choices = {name: enum_kind(name, _labels(node)) for name, node in enums.items()}
    name = draw(st.sampled_from([*choices, *KINDS]))
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
    return _MISSING


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
    case = ColumnCase(
        name=name, kind=kind, enum=None, nullable=True, refers=True, defaulted=False
    )
    return node, case


# --- indexes ----------------------------------------------------------------


@st.composite
def _indexes(draw: Draw, table: str, columns: list[ColumnCase]) -> list[object]:
    usable = [each.name for each in columns if each.kind.indexable]
    room = LONGEST - len(derived.payload_index(table, (), unique=True, where="x"))
    taken = {
        derived.payload_index(table, (each.name,), unique=unique)
        for each in columns
        for unique in (True, False)
        if each.refers
    }
    found: list[object] = []
    wanted = st.lists(st.sampled_from(usable), min_size=1, max_size=3, unique=True)
    for chosen in draw(st.lists(wanted, max_size=2)) if usable else []:
        index, name = draw(_index(table, tuple(chosen)))
        if name not in taken and len("_".join(chosen)) < room:
            taken.add(name)
            found.append(index)
    return found


@st.composite
def _index(draw: Draw, table: str, columns: tuple[str, ...]) -> tuple[object, str]:
    name = derived.payload_index(table, columns, unique=False)
    if draw(st.booleans()):
        return list(columns), name
    node: Node = {"columns": list(columns)}
    node |= draw(
        st.fixed_dictionaries(
            {}, optional={"unique": st.just(True), "where": conditions()}
        )
    )
    unique = "unique" in node
    return node, derived.payload_index(table, columns, unique=unique)
