"""Nodes under `enums` → `Enum`s.

Stage: schema. An enum that has mistakes is returned all the same, so that the
columns that use it are not reported too.
"""

from __future__ import annotations

from collections.abc import Iterable

from jobgen.schema import names
from jobgen.schema.diagnostics import Gatherer, Span, shown
from jobgen.schema.fields import Fields
from jobgen.schema.forms import expected, read_name
from jobgen.schema.grammar import Enum as Keys
from jobgen.schema.model import Enum, Label
from jobgen.schema.nodes import Entry, Mapping, Node, Scalar, Sequence
from jobgen.schema.places import Places
from jobgen.schema.typenames import REFUSED, TYPE_NAMES


def load_enums(
    entries: Iterable[Entry], found: Gatherer, places: Places
) -> tuple[Enum, ...]:
    return tuple(_enum(entry, found, places) for entry in entries)


def _enum(entry: Entry, found: Gatherer, places: Places) -> Enum:
    name, value = entry.key.text, entry.value
    places.note(entry.key.span, "enums", name)
    _check_name(entry.key, found)
    doc, labels, deprecated = None, None, None
    if isinstance(value, Sequence):
        labels = value
    elif isinstance(value, Mapping):
        what, place = f"the enum '{name}'", entry.key.span
        fields = Fields(value, Keys.KEYS, found, what=what, place=place)
        doc = fields.get(Keys.DOC)
        labels = fields.get(Keys.LABELS)
        deprecated = fields.get(Keys.DEPRECATED)
        fields.get(Keys.RENAMED_FROM)
    else:
        expected("a list of labels", value, found, "write them in [ ]")
    if labels is not None and not labels.items:
        _report_empty(entry.key, found)
    # Deprecated labels stay: rows that carry them must be readable.
    nodes = [item for each in (labels, deprecated) if each for item in each.items]
    return Enum(
        name=name,
        class_name=names.class_name(name),
        labels=_labels(nodes, found),
        doc=doc,
    )


def _check_name(key: Scalar, found: Gatherer) -> None:
    name = read_name(key, "an enum", found)
    if name is not None and (name in TYPE_NAMES or name in REFUSED):
        found.error(
            "reserved-name",
            key.span,
            f"'{name}' is a type of PostgreSQL",
            "give the enum a name of its own",
        )


def _report_empty(key: Scalar, found: Gatherer) -> None:
    message = f"the enum {shown(key.text)} has no labels"
    found.error("empty-enum", key.span, message, "list at least one")


def _labels(nodes: list[Node], found: Gatherer) -> tuple[Label, ...]:
    texts: set[str] = set()
    members: dict[str, str] = {}
    labels: list[Label] = []
    for node in nodes:
        if not isinstance(node, Scalar) or node.empty:
            expected("a label", node, found, "write a text")
        else:
            label = Label(text=node.text, member=names.enum_member(node.text))
            _check_label(label, node.span, texts, members, found)
            texts.add(label.text)
            members.setdefault(label.member, label.text)
            labels.append(label)
    return tuple(labels)


def _check_label(
    label: Label,
    span: Span,
    texts: set[str],
    members: dict[str, str],
    found: Gatherer,
) -> None:
    size = len(label.text.encode())
    if label.text in texts:
        message = f"the label {shown(label.text)} is here twice"
        found.error("duplicate-label", span, message, "remove one of them")
    elif size > names.MAX_IDENTIFIER_BYTES:
        message = f"this label has {size} bytes; PostgreSQL allows 63"
        found.error("too-long-name", span, message, "shorten it")
    elif not label.member:
        message = f"nothing of the label {shown(label.text)} is left in Python"
        found.error("bad-label", span, message, "use a letter or digit of ASCII")
    elif label.member in members:
        other = shown(members[label.member])
        message = f"{shown(label.text)} and {other} would both be {label.member}"
        found.error("member-collision", span, message, "rename one of them")
