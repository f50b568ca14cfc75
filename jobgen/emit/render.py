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
from functools import cache
from typing import NamedTuple

import jinja2
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from jinja2.runtime import Context

from jobgen import assets
from jobgen.emit import literals
from jobgen.emit.compiled import Compiled, Store
from jobgen.schema import quoting


def render(template: str, *views: NamedTuple) -> str:
    """The text of `template` (a path below templates/) for the fields of `views`."""
    return _text(_template(template), _context(*views))


def render_each(templates: Iterable[str], view: NamedTuple) -> list[str]:
    """The same for several templates, in their order, that lay out one view."""
    context = _context(view)
    return [_text(_template(template), context) for template in templates]


def keep_compiled(store: Store) -> None:
    """From now on take compiled templates from `store`, and give it those it lacks."""
    parts = (sys.modules[__name__], literals, quoting)
    with suppress(OSError):  # where modules come without their source, none are kept
        compiler = "".join([jinja2.__version__, *map(inspect.getsource, parts)])
        _ENVIRONMENT.bytecode_cache = Compiled(store, compiler)


@cache
def _template(name: str) -> Template:
    return _ENVIRONMENT.get_template(name)


def _context(*views: NamedTuple) -> Context:
    """What any template sees: none has blocks, exports or a name of its own."""
    values = {name: value for view in views for name, value in view._asdict().items()}
    return Context(_ENVIRONMENT, values, None, {})


def _text(template: Template, context: Context) -> str:
    try:
        return "".join(template.root_render_func(context))
    except Exception:
        _ENVIRONMENT.handle_exception()  # names the line of the template


class _WithoutGlobals(Environment):
    """Makes no map of globals, of which each context would keep a set of names."""

    def make_globals(
        self, d: MutableMapping[str, object] | None
    ) -> MutableMapping[str, object]:
        return {}


def _joined(lines: Iterable[str], separator: str = "") -> str:
    return separator.join(lines)


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
        join=_joined,
        identifier=quoting.quote_identifier,
        sql_text=quoting.quote_literal,
        sql_block=literals.dollar_quoted,
        py_text=literals.string,
        py_block=literals.block,
    )
    return environment


_ENVIRONMENT = _environment()
