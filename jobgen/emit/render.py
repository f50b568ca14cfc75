"""Views → text; the only importer of jinja2.

Stage: emit. Templates lay out and nothing more: one environment, which refuses
a name that the view does not have, escapes nothing by itself, and offers the
quoting filters as the only way by which a text of the user becomes code.
"""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from jobgen.emit import literals
from jobgen.schema import quoting

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def render(template: str, view: DataclassInstance) -> str:
    """The text of `template` (a path below templates/) for the fields of `view`."""
    values = {name: getattr(view, name) for name in _names(type(view))}
    return _ENVIRONMENT.get_template(template).render(values)


@cache
def _names(view: type[DataclassInstance]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(view))


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
        cache_size=-1,  # all of them: no bookkeeping of which was used last
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
