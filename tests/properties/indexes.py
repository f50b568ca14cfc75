"""Indexes on the columns of a job, right by construction."""

from __future__ import annotations

from hypothesis import strategies as st

from jobgen.schema import names as derived
from tests.properties.cases import ColumnCase
from tests.properties.columns import LONGEST, Draw, Node
from tests.properties.texts import conditions


@st.composite
def indexes(draw: Draw, table: str, columns: list[ColumnCase]) -> list[object]:
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
