"""Names of jobs, columns, enums, tables: above all those that mean something.

A name that is a word of Python's, of SQL's or of the generated code's own is what
a generator gets wrong; those of the templates are read from the templates.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from hypothesis import strategies as st

from jobgen.schema.quoting import KEYWORDS

_ROOT = Path(__file__).parent.parent.parent
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_UNRESERVED = """
    action begin commit copy data day default_ domain drop enum function grants
    hour index key label level method name notify object oid owner partition
    plan public range role row rows rule schema sequence session set sql start
    temp trigger type update value values version view work zone
"""


def _words() -> Iterator[str]:
    yield from (*keyword.kwlist, *keyword.softkwlist)
    yield from dir(builtins)
    yield from (*dir(str), *dir(int), *dir(object))  # what a StrEnum or a class has
    yield from KEYWORDS
    yield from _UNRESERVED.split()
    for path in (
        *sorted((_ROOT / "templates").rglob("*.jinja")),
        *sorted((_ROOT / "generated_example").rglob("*.py")),
    ):
        yield from re.findall(r"\w+", path.read_text(encoding="utf-8"))


HOSTILE = tuple(sorted({word for word in _words() if _NAME.fullmatch(word)}))
"""Words that already mean something to somebody."""


def names(longest: int) -> st.SearchStrategy[str]:
    """A name of at most `longest` bytes."""
    fitting = [word for word in HOSTILE if len(word) <= longest]
    plain = st.from_regex(
        rf"[a-z][a-z0-9_]{{0,{min(longest, 12) - 1}}}", fullmatch=True
    )
    long = st.builds(
        _lengthened,
        plain,
        st.integers(max(1, longest - 2), longest),
    )
    return st.one_of(st.sampled_from(fitting), plain, long)


def _lengthened(start: str, size: int) -> str:
    return (start + "_and_so_on" * 7)[:size]


def several(
    longest: int, most: int, fits: Callable[[str], bool], least: int = 0
) -> st.SearchStrategy[list[str]]:
    """From `least` to `most` different names that `fits` accepts, one after another.

    `fits` is asked in order, once for each name, and may remember what it took.
    Where too few are left, plain names take their place.
    """
    drawn = st.lists(names(longest), min_size=least, max_size=2 * most, unique=True)
    return drawn.map(lambda found: _chosen(found, least, most, fits))


def _chosen(
    found: Iterable[str], least: int, most: int, fits: Callable[[str], bool]
) -> list[str]:
    chosen = [name for name in found if fits(name)][:most]
    spare = (f"spare{number}" for number in range(100))
    while len(chosen) < least:
        name = next(spare)
        if fits(name):
            chosen.append(name)
    return chosen
