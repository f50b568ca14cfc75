"""Schemas that have nothing wrong, right by construction.

`cases()` draws one: its files, and what a test must know to fill its tables. To
cover a new key of the grammar, draw it in the function of its mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st

from jobgen.schema import names as derived
from jobgen.schema.checks import RESERVED_CLASSES
from jobgen.schema.jobs import RESERVED_JOBS
from jobgen.schema.tables import MIGRATIONS_TABLE, STATUS_TYPE, WORKERS_TABLE
from jobgen.schema.typenames import REFUSED, TYPE_NAMES
from tests.properties import roles
from tests.properties.cases import Case, JobCase, RolesCase
from tests.properties.columns import LONGEST, Draw, Node, columns
from tests.properties.indexes import indexes
from tests.properties.names import names, several
from tests.properties.settings import settings
from tests.properties.splits import files
from tests.properties.texts import docs, labels

ORDINARY = 40
"""The bytes of a name for which the output is laid out as `ruff format` does."""

_OWN = (STATUS_TYPE, WORKERS_TABLE, MIGRATIONS_TABLE)


@dataclass(slots=True)
class _Taken:
    """The names of one schema that are given away already."""

    classes: set[str] = field(default_factory=lambda: set(RESERVED_CLASSES))
    types: set[str] = field(default_factory=lambda: {*_OWN, *TYPE_NAMES, *REFUSED})
    tables: list[str] = field(default_factory=lambda: list(_OWN))

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
    granted = draw(st.just(RolesCase()) | roles.roles())
    root: Node = {"jobgen": 1, "package": "sample", "output": "../sample"}
    root |= draw(_top(minimum, longest))
    if defaults is not None:
        root["defaults"] = defaults
    if granted != RolesCase() or draw(st.booleans()):
        root["roles"] = draw(roles.node(granted))
    texts = draw(files(root, enums, {**jobs}))
    return Case(texts=texts, jobs=tuple(found), roles=granted)


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
    node["columns"], found = draw(columns(table, enums, longest, targets))
    listed = draw(indexes(table, found))
    if listed:
        node["indexes"] = listed
    # Recorded for those that refer to this table later.
    node.setdefault("id", merged.get("id", "bigint"))
    case = JobCase(
        name=name,
        columns=tuple(found),
        priority=bool(merged.get("priority", False)),
        unique=any("unique" in index for index in listed if isinstance(index, dict)),
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
