"""Schemas that were right, broken in the ways that files get broken."""

from __future__ import annotations

import re
from typing import TypeAlias

from hypothesis import strategies as st

from tests.properties.names import HOSTILE
from tests.properties.schemas import cases
from tests.properties.texts import texts

_NODES = (
    "", "null", "~", "true", "-1", "0", "1e999", "10" * 20, "[]", "{}", "[a, [b]]",
    "{a: {b: c}}", '""', "'x'", "text?", '"text?"', "int[][]", "numeric(0,9)", "text[",
    "enum", "30", "0s", "9999999d", "&a x", "*a", "!!python/object:x y", "<<: x",
    "|\n  x", ">-", '"\\0"', '"\\u202e"', "\t", "@", "%", "- x", "? x", ": x", "# x",
    "{type: text, default: [", "id", "status", "$$;", "(", "''' -- '",
)  # fmt: skip

_JUNK = (
    b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc0\x80", b"\xed\xa0\x80", b"\r", b"\r\n",
    b"\n", b"\t", b"\x85", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\x1b[31m", b"---\n", b"...\n",
    b"%YAML 1.2\n", b'"', b"'", b"{", b"}", b"[", b"]", b":", b"#", b"&a ", b"*a", b"!t ",
    b"- ", b"? ", b"<<: ", b"\xf0\x9f\x99\x82",
)  # fmt: skip


Change: TypeAlias = tuple[str, float, object]


@st.composite
def mutants(draw: st.DrawFn) -> dict[str, bytes]:
    """The files of a valid schema, of which one is changed in a few places."""
    case = draw(cases())
    files = {name: text.encode() for name, text in case.texts.items()}
    name = draw(st.sampled_from([*files]))
    changes = draw(st.lists(_changes(), min_size=1, max_size=3))
    return {**files, name: _broken(files[name], changes)}


def _broken(data: bytes, changes: list[Change]) -> bytes:
    for kind, place, what in changes:
        data = _CHANGES[kind](data, place, what)
    return data


def _changes() -> st.SearchStrategy[Change]:
    """What to do, where from 0 to 1, and with what."""
    # Whole numbers, because hypothesis likes 0.0 too much.
    place = st.integers(0, 9999).map(lambda number: number / 10_000)
    nodes = st.one_of(st.sampled_from(_NODES), st.sampled_from(HOSTILE), texts(40))
    junk = st.one_of(st.sampled_from(_JUNK), st.binary(min_size=1, max_size=3))
    scalars = st.tuples(st.sampled_from(["value", "key", "word"]), place, nodes)
    return st.one_of(
        scalars,
        scalars,  # the most likely mistakes
        scalars,
        st.tuples(st.sampled_from(["delete", "duplicate"]), place, st.none()),
        st.tuples(st.sampled_from(["swap", "move"]), place, place),
        st.tuples(st.just("indent"), place, st.integers(0, 9)),
        st.tuples(st.sampled_from(["insert", "overwrite"]), place, junk),
        st.tuples(st.just("cut"), place, st.none()),
        st.tuples(
            st.just("encode"), place, st.sampled_from(["utf-16", "utf-32", "latin-1"])
        ),
    )


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True) or [b""]


def _at(items: list[bytes], place: float) -> int:
    return int(place * len(items))


def _delete(data: bytes, place: float, _: object) -> bytes:
    lines = _lines(data)
    del lines[_at(lines, place)]
    return b"".join(lines)


def _duplicate(data: bytes, place: float, _: object) -> bytes:
    lines = _lines(data)
    at = _at(lines, place)
    return b"".join([*lines[:at], lines[at], *lines[at:]])


def _swap(data: bytes, place: float, other: object) -> bytes:
    assert isinstance(other, float)
    lines = _lines(data)
    left, right = _at(lines, place), _at(lines, other)
    lines[left], lines[right] = lines[right], lines[left]
    return b"".join(lines)


def _move(data: bytes, place: float, other: object) -> bytes:
    assert isinstance(other, float)
    lines = _lines(data)
    line = lines.pop(_at(lines, place))
    lines.insert(_at(lines, other), line)
    return b"".join(lines)


def _indent(data: bytes, place: float, width: object) -> bytes:
    assert isinstance(width, int)
    lines = _lines(data)
    at = _at(lines, place)
    lines[at] = b" " * width + lines[at].lstrip(b" ")
    return b"".join(lines)


def _in_line(pattern: bytes, data: bytes, place: float, what: object) -> bytes:
    """Replaces what `pattern` finds in one line."""
    lines = _lines(data)
    at = _at(lines, place)
    new = str(what).encode()
    lines[at] = re.sub(pattern, lambda _: new, lines[at], count=1)
    return b"".join(lines)


def _value(data: bytes, place: float, what: object) -> bytes:
    return _in_line(rb"(?<=: )[^\n]*|(?<=:)$", data, place, what)


def _key(data: bytes, place: float, what: object) -> bytes:
    return _in_line(rb"\w+(?=:)", data, place, what)


def _word(data: bytes, place: float, what: object) -> bytes:
    """Replaces one scalar anywhere, also within braces."""
    words = [*re.finditer(rb'"(?:[^"\\]|\\.)*"|[\w.?()\[\]-]+', data)]
    if not words:
        return data
    start, end = words[int(place * len(words))].span()
    return data[:start] + str(what).encode() + data[end:]


def _insert(data: bytes, place: float, what: object) -> bytes:
    assert isinstance(what, bytes)
    at = int(place * (len(data) + 1))
    return data[:at] + what + data[at:]


def _overwrite(data: bytes, place: float, what: object) -> bytes:
    assert isinstance(what, bytes)
    at = int(place * (len(data) + 1))
    return data[:at] + what + data[at + len(what) :]


def _cut(data: bytes, place: float, _: object) -> bytes:
    return data[: int(place * len(data))]


def _encode(data: bytes, _: float, encoding: object) -> bytes:
    return data.decode(errors="replace").encode(str(encoding), "replace")


_CHANGES = {
    "delete": _delete,
    "duplicate": _duplicate,
    "swap": _swap,
    "move": _move,
    "indent": _indent,
    "value": _value,
    "key": _key,
    "word": _word,
    "insert": _insert,
    "overwrite": _overwrite,
    "cut": _cut,
    "encode": _encode,
}
