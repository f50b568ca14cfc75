"""What a JSON Schema validator says about a schema file."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Final

import yaml
from jsonschema.protocols import Validator


class _Loader(yaml.SafeLoader):
    """Reads scalars as the grammar means them, and as YAML 1.2 does: `no` is a text.

    So is each key, as in JSON: a column may be called `null`.
    """

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        for key, _ in node.value:
            key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep)


_SCALARS: Final = {
    "null": "null|~|",
    "bool": "true|false",
    "int": "-?[0-9]+",
    "float": r"-?[0-9]+\.[0-9]+",
}

_Loader.yaml_implicit_resolvers = {
    None: [
        (f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"))
        for tag, pattern in _SCALARS.items()
    ]
}


def problems(validator: Validator, text: str) -> list[str]:
    """One sentence for each mistake."""
    value = yaml.load(text, Loader=_Loader)
    return [error.message for error in validator.iter_errors(value)]
