"""Views → text, by Jinja.

Stage: emit. Templates lay out and nothing more: one environment, which refuses
a name that the view does not have, escapes nothing by itself, and offers the
quoting filters as the only way by which a text of the user becomes code.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING

import jinja2
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from jobgen import assets
from jobgen.emit import literals
from jobgen.emit.compiled import Compiled, Store
from jobgen.schema import quoting

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def render(template: str, view: DataclassInstance) -> str:
    """The text of `template` (a path below templates/) for the fields of `view`."""
    return render_each((template,), view)[0]


def render_each(templates: Iterable[str], view: DataclassInstance) -> list[str]:
    """The same for several templates, in their order, that lay out one view."""
    values = {name: getattr(view, name) for name in _names(type(view))}
    return [_text(_template(template), values) for template in templates]


def keep_compiled(store: Store) -> None:
    """From now on take compiled templates from `store`, and give it those it lacks."""
    parts = (sys.modules[__name__], literals, quoting)
    with suppress(OSError):  # where modules come without their source, none are kept
        compiler = "".join([jinja2.__version__, *map(inspect.getsource, parts)])
        _ENVIRONMENT.bytecode_cache = Compiled(store, compiler)


@cache
def _template(name: str) -> Template:
    return _ENVIRONMENT.get_template(name)


def _text(template: Template, values: dict[str, object]) -> str:
    """What `Template.render` does, without its copy of `values`, which nobody changes."""
    try:
        context = template.new_context(values, shared=True)
        return "".join(template.root_render_func(context))
    except Exception:
        _ENVIRONMENT.handle_exception()  # names the line of the template


@cache
def _names(view: type[DataclassInstance]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(view))


class _WithoutGlobals(Environment):
    """Makes no map of globals, of which each context would keep a set of names."""

    def make_globals(
        self, d: MutableMapping[str, object] | None
    ) -> MutableMapping[str, object]:
        return {}


def _environment() -> Environment:
    environment = _WithoutGlobals(
        loader=FileSystemLoader(assets.templates()),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        newline_sequence="\n",
        auto_reload=False,
        cache_size=-1,  # all of them: no bookkeeping of which was used last
    )
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
