"""YAML as the grammar reads it: text, positions, and bounds."""

from __future__ import annotations

import time

import pytest

from jobgen.schema.compose import compose
from jobgen.schema.diagnostics import Gatherer, Position
from jobgen.schema.load import load_schema
from jobgen.schema.nodes import Mapping, Node, Scalar
from tests.schema.examples import codes, load

_VALID = "jobgen: 1\npackage: app_jobs\noutput: ../app_jobs\njobs: {a: {columns: {}}}\n"


def _compose(text: str) -> Node | None:
    found = Gatherer()
    node = compose(text, "schema.yaml", found, "")
    assert found.in_order() == ()
    return node


@pytest.mark.parametrize("text", ["no", "on", "1.0", "0x10", "1_000", "12:30", "~"])
def test_a_scalar_stays_the_text_that_was_written(text: str) -> None:
    """What YAML 1.1 makes of it is not asked."""
    node = _compose(f"key: {text}")
    assert isinstance(node, Mapping)
    value = node.entries[0].value
    assert isinstance(value, Scalar)
    assert (value.text, value.plain) == (text, True)


def test_positions_count_characters_and_not_bytes() -> None:
    """An editor's columns are meant."""
    node = _compose('{"é😀": 名前}')
    assert isinstance(node, Mapping)
    assert node.entries[0].key.span.start == Position(1, 2)
    assert node.entries[0].value.span.start == Position(1, 8)
    assert node.entries[0].value.span.end == Position(1, 10)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"]
)
def test_a_byte_order_mark_says_the_encoding(encoding: str) -> None:
    """Without one it is UTF-8, and UTF-16 is refused in words."""
    loaded = load_schema(_VALID.encode(encoding), "schema.yaml")
    refused = [("bad-encoding", "save the file as UTF-8")]
    expected = refused if encoding.startswith("utf-16-") else []
    assert [(found.code, found.help) for found in loaded.diagnostics] == expected


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_means_the_same(end: str) -> None:
    """Files travel between systems."""
    loaded = load_schema(_VALID.replace("\n", end).encode(), "schema.yaml")
    assert loaded.schema is not None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("jobs: " + "[" * 10_000, "too-deep"),
        ("jobs: " + "{a: " * 10_000, "too-deep"),
        ("jobs:\n " + "- " * 10_000, "too-deep"),
        ("jobs: [" + "a," * 600_000 + "]", "too-large"),
        ("#" * 6_000_000, "too-large"),
        ("jobs: " + "x" * 4_000_000, "wrong-type"),
    ],
    ids=["flow lists", "flow mappings", "block lists", "values", "bytes", "one text"],
)
def test_no_file_costs_more_than_a_few_seconds(text: str, code: str) -> None:
    """Size, depth and number of values are bounded; nothing recurses."""
    start = time.monotonic()
    assert codes(text) == [code]
    assert time.monotonic() - start < 20


def test_anchors_cannot_multiply() -> None:
    """Nine lists of nine references to the one before would be a billion items."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "alias" in codes("\n".join(lines))


def test_complex_keys_are_refused() -> None:
    """A key is a short text."""
    assert codes("? [a, b]\n: c\njobs: {a: {columns: {}}}\n") == ["bad-key"]


@pytest.mark.parametrize("data", [b"", b"# nothing", b"---\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_one_mistake(data: bytes) -> None:
    """And not a list of all that it lacks."""
    loaded = load_schema(data, "schema.yaml")
    assert [found.code for found in loaded.diagnostics] == ["empty-file"]


@pytest.mark.parametrize("code_point", [0x00, 0x07, 0x1B, 0x85, 0x2028, 0x202E, 0x2066])
def test_hidden_characters_are_refused_in_the_file_and_in_escapes(
    code_point: int,
) -> None:
    """What a reviewer sees is what is built."""
    jobs = "jobs:\n  a:\n    doc: {}\n    columns: {{}}\n"
    assert codes(jobs.format(f'"{chr(code_point)}"')) == ["control-character"]
    assert codes(jobs.format(f'"\\u{code_point:04x}"')) == ["control-character"]


def test_quotes_of_every_kind_are_only_text() -> None:
    """A doc may hold anything that can be seen."""
    doc = """ ''' \\" $$ % {{ }} {% %} */ -- \\\\ \\n # : """
    loaded = load(f'jobs:\n  a:\n    doc: "{doc}"\n    columns: {{}}\n')
    assert loaded.schema is not None
    assert "{% %} */ -- \\ \n #" in (loaded.schema.jobs[0].doc or "")


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("doc: 'it's wrong'", 14, "something follows a value that is complete"),
        ("columns: {e: text}}", 23, "something follows a value that is complete"),
        ("columns: {e: 'text' f: int}", 25, "',' or '}' is missing here"),
        ("indexes: [[e], [f]}", 23, "',' or ']' is missing here"),
        ("reserved: - e", 15, "a list with '- ' cannot begin in the line of its key"),
        ("doc: ? why", 10, "a text without quotes cannot begin with '? '"),
        ("doc: !why!not", 10, "a text without quotes cannot begin with '!'"),
        (
            "columns: {e:{type: text}}",
            16,
            "within [] and {} a ':' needs a space after it",
        ),
        ("columns: {e: !text}", 18, "a text without quotes cannot begin with '!'"),
        ('doc: "C:\\users"', 15, "an unknown escape in double quotes"),
        ("doc: & so on", 10, "a text without quotes cannot begin with '&' or '*'"),
        ("doc: |text", 11, "something follows '|' or '>'"),
        (
            "doc:text\n    id: uuid",
            7,
            "a ': ' in a text that goes on from the line above",
        ),
    ],
)
def test_what_is_not_yaml_is_said_in_the_words_of_the_grammar(
    line: str, column: int, message: str
) -> None:
    """At the place that is to be changed, and once."""
    text = f"jobs:\n  a:\n    {line}\n    worker: here\n"
    [found] = load_schema(text.encode(), "schema.yaml").diagnostics
    assert (found.code, found.message) == ("bad-yaml", message)
    assert found.span.start.column == column
    assert found.help is not None


@pytest.mark.parametrize(
    "text",
    [
        "%jobgen: 1\n",
        "%YAML 2.0\n---\na: b\n",
        "a: b\n...\nc: d\n",
        "a: |\n\tb\n",
        "a: 'b\n---",
    ],
)
def test_the_parsers_own_words_are_not_shown(text: str) -> None:
    """They name things of YAML that the grammar does not have."""
    [found] = load_schema(text.encode(), "schema.yaml").diagnostics
    assert not found.message.startswith("not YAML")
    assert found.help is not None


@pytest.mark.parametrize(
    ("value", "code"),
    [("*not bold*", "alias"), ("&so: on", "alias"), ("!", "tag"), ("!!str", "tag")],
)
def test_a_sign_of_yaml_in_a_text_is_one_mistake(value: str, code: str) -> None:
    """Neither what the parser makes of the rest, nor the value that is then missing."""
    text = _VALID.replace("columns", f"doc: {value}, columns")
    assert [each.code for each in load_schema(text.encode(), "x").diagnostics] == [code]
