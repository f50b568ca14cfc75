"""A schema in one file or in several that include each other."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from itertools import pairwise

from hypothesis import strategies as st

from tests.properties.cases import ROOT
from tests.properties.yaml_text import yaml

_PATHS = ("billing.yaml", "parts/more jobs.yaml", "parts/ünder/🙂 'x'.yaml")

Nodes = dict[str, object]


@st.composite
def files(draw: st.DrawFn, root: Nodes, enums: Nodes, jobs: Nodes) -> dict[str, str]:
    """The text of each file by its path, in the order in which they are read."""
    paths = [ROOT, *_PATHS[: draw(st.integers(0, len(_PATHS)))]]
    includes = draw(_includes(paths))
    parts = draw(_parts(enums, len(paths))), draw(_parts(jobs, len(paths)))
    found: dict[str, str] = {}
    for path, own_enums, own_jobs in zip(paths, *parts, strict=True):
        node: Nodes = {**root} if path == ROOT else {"jobgen": 1}
        if includes[path]:
            node["include"] = includes[path]
        if own_enums:
            node["enums"] = own_enums
        if own_jobs or path == ROOT:
            node["jobs"] = own_jobs
        if path != ROOT and len(node) > 1 and draw(st.booleans()):
            del node["jobgen"]
        found[path] = yaml(node)
    return found


@st.composite
def _includes(draw: st.DrawFn, paths: list[str]) -> dict[str, list[str]]:
    """Who includes whom, so that depth first each comes after the one before."""
    above, found = paths[:1], {path: list[str]() for path in paths}
    for path in paths[1:]:
        above = above[: draw(st.integers(1, len(above)))]
        home = posixpath.dirname(above[-1])
        found[above[-1]].append(posixpath.relpath(path, home or "."))
        above.append(path)
    return found


@st.composite
def _parts(draw: st.DrawFn, nodes: Mapping[str, object], count: int) -> list[Nodes]:
    """`nodes` in `count` parts, the order kept."""
    cut = st.integers(0, len(nodes))
    cuts = sorted(draw(st.lists(cut, min_size=count - 1, max_size=count - 1)))
    items = list(nodes.items())
    return [dict(items[start:end]) for start, end in pairwise([0, *cuts, len(items)])]
