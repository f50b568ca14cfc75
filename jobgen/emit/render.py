"""Views → text; the only importer of jinja2.

Stage: emit. Templates lay out and nothing more: one environment, which refuses
a name that the view does not have, escapes nothing by itself, and offers the
quoting filters as the only way by which a text of the user becomes code.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from jobgen.emit import literals
from jobgen.schema import quoting

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def render(template: str, view: DataclassInstance) -> str:
    """The text of `template` (a path below templates/) for the fields of `view`."""
    values = {field.name: getattr(view, field.name) for field in fields(view)}
    return _ENVIRONMENT.get_template(template).render(values)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("jobgen.templates", "."),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        newline_sequence="\n",
        auto_reload=False,
    )
    environment.globals.clear()
    environment.filters.clear()
    environment.filters.update(
        identifier=quoting.quote_identifier,
        sql_text=quoting.quote_literal,
        sql_block=literals.dollar_quoted,
        py_text=literals.string,
        py_block=literals.block,
    )
    return environment


_ENVIRONMENT = _environment()
