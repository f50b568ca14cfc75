"""Names of existing roles, as they stand under `roles`.

Stage: schema. A role is any name that PostgreSQL allows, unlike the names that
jobgen makes: it is quoted wherever it is written, and never folded to lower case.
"""

from __future__ import annotations

from jobgen.schema import names
from jobgen.schema.diagnostics import Gatherer, shown
from jobgen.schema.forms import Form, Shape
from jobgen.schema.invisible import is_visible
from jobgen.schema.kinds import expected, is_null
from jobgen.schema.nodes import Node, Scalar, Sequence
from jobgen.schema.texts import TEXT_SHAPE

_MEANINGS = {
    "public": "means every role there is",
    "none": "is no role of PostgreSQL's",
    "current_role": "means whoever applies the script",
    "current_user": "means whoever applies the script",
    "session_user": "means whoever applies the script",
}
"""What SQL takes for another thing than a role of that name."""

_SHAPE: Shape = {**TEXT_SHAPE, "minLength": 1}


def _read(node: Node, found: Gatherer) -> tuple[str, ...] | None:
    nodes = node.items if isinstance(node, Sequence) else (node,)
    roles: list[str] = []
    for each in nodes:
        role = _read_role(each, found)
        if role in roles:
            message = f"the role {shown(role)} is here twice"
            found.error("duplicate-role", each.span, message, "remove one of them")
        elif role is not None:
            roles.append(role)
    return tuple(roles)


def _read_role(node: Node, found: Gatherer) -> str | None:
    if not isinstance(node, Scalar) or node.empty or is_null(node):
        expected("the name of a role", node, found, "write a text, or texts in [ ]")
        return None
    role, size = node.text, len(node.text.encode())
    meaning = _MEANINGS.get(role.lower())
    if size > names.MAX_IDENTIFIER_BYTES:
        message = f"this name has {size} bytes; PostgreSQL allows 63"
        found.error("too-long-name", node.span, message, "write the role's real name")
    elif not role.strip() or not is_visible(role):
        message = f"{shown(role)} cannot be the name of a role"
        found.error("bad-name", node.span, message, "write the name of a role")
    elif meaning is not None:
        message = f"'{role}' {meaning}"
        found.error("reserved-name", node.span, message, "name the role that is meant")
    elif role.lower().startswith("pg_"):
        message = f"{shown(role)} belongs to PostgreSQL"
        found.error("reserved-name", node.span, message, "use a role of your own")
    else:
        return role
    return None


ROLES: Form[tuple[str, ...]] = Form(
    _read, {"anyOf": [_SHAPE, {"type": "array", "items": _SHAPE}]}
)
"""One role or a list of them, each once."""
