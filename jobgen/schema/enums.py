"""Nodes under `enums` → `Enum`s.

Stage: schema. An enum that has mistakes is returned all the same, so that the
columns that use it are not reported too.
"""

from __future__ import annotations

from collections.abc import Iterable

from jobgen.schema import names
from jobgen.schema.diagnostics import Gatherer, Span, shown
from jobgen.schema.fields import Fields
from jobgen.schema.grammar import Enum as Keys
from jobgen.schema.kinds import expected
from jobgen.schema.model import Enum, Label
from jobgen.schema.nodes import Entry, Mapping, Scalar, Sequence
from jobgen.schema.places import Places
from jobgen.schema.texts import read_name
from jobgen.schema.typenames import REFUSED, TYPE_NAMES


def load_enums(
    entries: Iterable[Entry], found: Gatherer, places: Places
) -> tuple[Enum, ...]:
    return tuple(_enum(entry, found, places) for entry in entries)


def _enum(entry: Entry, found: Gatherer, places: Places) -> Enum:
    name, value = entry.key.text, entry.value
    places.note(entry.key.span, "enums", name)
    _check_name(entry.key, places, found)
    doc, labels, deprecated, renamed_from = None, None, None, None
    if isinstance(value, Sequence):
        labels = value
    elif isinstance(value, Mapping):
        what, place = f"the enum '{name}'", entry.key.span
        fields = Fields(value, Keys.KEYS, found, what=what, place=place)
        doc = fields.get(Keys.DOC)
        labels = fields.get(Keys.LABELS)
        deprecated = fields.get(Keys.DEPRECATED)
        if fields.lost(Keys.DEPRECATED, deprecated):
            places.doubt("enums", name)
        renamed_from = fields.get(Keys.RENAMED_FROM)
    else:
        expected("a list of labels", value, found, "write them in [ ]")
    if labels is not None and not labels.items:
        _report_empty(entry.key, found)
    nodes = [item for each in (labels, deprecated) if each for item in each.items]
    if not all(isinstance(node, Scalar) and not node.empty for node in nodes):
        places.doubt("enums", name)
    return Enum(
        name=name,
        class_name=names.class_name(name),
        labels=_labels(labels, deprecated, found),
        doc=doc,
        renamed_from=renamed_from,
    )


def _check_name(key: Scalar, places: Places, found: Gatherer) -> None:
    name = read_name(key, "an enum", found)
    if name is not None and (name in TYPE_NAMES or name in REFUSED):
        places.doubt("enums", name)
        found.error(
            "reserved-name",
            key.span,
            f"'{name}' is a type of PostgreSQL",
            "give the enum a name of its own",
        )


def _report_empty(key: Scalar, found: Gatherer) -> None:
    message = f"the enum {shown(key.text)} has no labels"
    found.error("empty-enum", key.span, message, "list at least one")


def _labels(
    listed: Sequence | None, deprecated: Sequence | None, found: Gatherer
) -> tuple[Label, ...]:
    """The labels in the order of the type, which PostgreSQL cannot change later.

    One that is in both lists keeps its place in the first; those that are only
    deprecated come last.
    """
    current, marked = _texts(listed, found), _texts(deprecated, found)
    members: dict[str, str] = {}
    labels: list[Label] = []
    for text, span in (current | marked | current).items():
        label = Label(
            text=text, member=names.enum_member(text), deprecated=text in marked
        )
        _check_label(label, span, members, found)
        members.setdefault(label.member, text)
        labels.append(label)
    return tuple(labels)


def _texts(node: Sequence | None, found: Gatherer) -> dict[str, Span]:
    """The texts of one list, each once, and where they are."""
    texts: dict[str, Span] = {}
    for item in () if node is None else node.items:
        if not isinstance(item, Scalar) or item.empty:
            expected("a label", item, found, "write a text")
        elif item.text in texts:
            message = f"the label {shown(item.text)} is here twice"
            found.error("duplicate-label", item.span, message, "remove one of them")
        else:
            texts[item.text] = item.span
    return texts


def _check_label(
    label: Label, span: Span, members: dict[str, str], found: Gatherer
) -> None:
    size = len(label.text.encode())
    if size > names.MAX_IDENTIFIER_BYTES:
        message = f"this label has {size} bytes; PostgreSQL allows 63"
        found.error("too-long-name", span, message, "shorten it")
    elif not label.member:
        message = f"nothing of the label {shown(label.text)} is left in Python"
        found.error("bad-label", span, message, "use a letter or digit of ASCII")
    elif label.member in members:
        other = shown(members[label.member])
        message = f"{shown(label.text)} and {other} would both be {label.member}"
        found.error("member-collision", span, message, "rename one of them")
