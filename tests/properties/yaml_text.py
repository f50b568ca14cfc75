"""Plain data as YAML, in the style of a schema that somebody wrote."""

from __future__ import annotations

import json

from tests.properties.kinds import is_mapping


def yaml(value: object, indent: int = 0) -> str:
    """YAML of plain data: mappings as lines, anything below them as JSON."""
    margin = "  " * indent
    if not is_mapping(value) or not value or indent > 3:
        return f" {json.dumps(value, ensure_ascii=False)}\n"
    lines = "".join(f"{margin}{key}:{yaml(v, indent + 1)}" for key, v in value.items())
    return f"\n{lines}" if indent else lines
