"""The documentation says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobgen.schema import grammar
from jobgen.schema.forms import Key
from jobgen.schema.load import load_schema
from jobgen.schema.model import Job
from jobgen.schema.typenames import ALIASES
from jobgen.schema.types import SCALARS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SCHEMA = (DOCS / "schema.md").read_text(encoding="utf-8")

_TABLES: dict[str, tuple[Key[object], ...]] = {
    "The file": grammar.Top.KEYS,
    "postgres": grammar.Postgres.KEYS,
    "roles": grammar.Roles.KEYS,
    "Enums": grammar.Enum.KEYS,
    "Jobs": grammar.Job.KEYS,
    "backoff": grammar.Backoff.KEYS,
    "retention": grammar.Retention.KEYS,
    "indexes": grammar.Index.KEYS,
    "Columns": grammar.Column.KEYS,
    "references": grammar.References.KEYS,
}


def _rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading of the reference, without its head."""
    [section] = re.findall(
        rf"^##+ {heading}\n(.*?)(?=^#|\Z)", SCHEMA, re.MULTILINE | re.DOTALL
    )
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[1:]]


@pytest.mark.parametrize("heading", _TABLES)
def test_the_reference_has_every_key_in_order(heading: str) -> None:
    """And marks those that are required, in every mapping of the grammar."""
    documented = [(row[0], row[2] == "required") for row in _rows(heading)]
    assert documented == [(f"`{key.name}`", key.required) for key in _TABLES[heading]]


def test_the_reference_has_every_type() -> None:
    """With its Python type, and the short names."""
    documented = [(row[0], row[1].replace("` or `", " | ")) for row in _rows("Types")]
    assert documented == [(f"`{each.sql}`", f"`{each.python}`") for each in SCALARS]
    assert ", ".join(f"`{name}`" for name in ALIASES) in " ".join(SCHEMA.split())


def _documented_defaults(heading: str) -> str:
    """The defaults of a mapping as a mapping of the schema."""
    rows = [(row[0].strip("`"), row[2]) for row in _rows(heading)]
    given = [(key, text) for key, text in rows if re.fullmatch(r"`[a-z0-9_]+`", text)]
    return "{" + ", ".join(f"{key}: {text.strip('`')}" for key, text in given) + "}"


def _job(settings: str, postgres: str) -> Job:
    text = (
        "jobgen: 1\npackage: app_jobs\noutput: ../app_jobs\n"
        f"postgres: {postgres}\njobs: {{send_mail: {settings}}}\n"
    )
    schema = load_schema(text.encode(), "schema.yaml").schema
    assert schema is not None
    return schema.jobs[0]


def test_the_reference_has_the_defaults_that_the_loader_has() -> None:
    """Writing all of them makes the same job as writing none."""
    settings = _documented_defaults("Jobs").removesuffix("}")
    assert settings.count(":") == 8
    backoff, retention = map(_documented_defaults, ("backoff", "retention"))
    written = f"{settings}, columns: {{}}, backoff: {backoff}, retention: {retention}}}"
    assert _job(written, _documented_defaults("postgres")) == _job(
        "{columns: {}}", "{}"
    )


def _links(path: Path) -> list[tuple[str, str]]:
    links = re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8"))
    parts = [link.partition("#") for link in links if "://" not in link]
    return [(name, anchor) for name, _, anchor in parts]


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_links_lead_somewhere(page: Path) -> None:
    """To a file of the project, and to a heading in it."""
    for name, anchor in _links(page):
        target = page.parent / name if name else page
        assert target.exists(), name
        assert not anchor or anchor in _anchors(target), f"{name}#{anchor}"
