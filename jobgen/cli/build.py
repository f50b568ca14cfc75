"""`jobgen build`: schema files → packages on the disk.

The pipeline is `run`: read, load, emit, plan; then write, or with `--check` say
what would be written. Nothing is changed while anything is wrong.
"""

from __future__ import annotations

import argparse
import difflib
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jobgen.cli import disk, report, unchanged
from jobgen.cli.files import STANDARD_INPUT, SchemaFiles, read_named
from jobgen.cli.location import Misplaced, banner_source, output_of
from jobgen.schema.diagnostics import Diagnostic, Gatherer, Span
from jobgen.schema.files import Unreadable
from jobgen.schema.invisible import is_visible

if TYPE_CHECKING:
    from jobgen.schema.load import Loaded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "schemas", nargs="+", metavar="SCHEMA", help="a schema file, or - for stdin"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; say what would change"
    )
    parser.add_argument(
        "--output", metavar="DIR", help="the package's directory, wherever it is"
    )
    parser.add_argument(
        "--format", choices=report.FORMATS, default="text", help="of diagnostics"
    )


@dataclass(frozen=True, slots=True)
class _Options:
    schemas: tuple[str, ...]
    check: bool
    output: str | None
    format: report.Format


@dataclass(frozen=True, slots=True)
class _Source:
    """A schema file: as named on the command line, and what is in it.

    `contents` are its bytes, and those of what it includes, by name.
    """

    name: str
    path: Path
    loaded: Loaded
    contents: Mapping[str, bytes]


def run(arguments: argparse.Namespace) -> int:
    options = _Options(
        schemas=tuple(dict.fromkeys(arguments.schemas)),
        check=arguments.check,
        output=arguments.output,
        format=arguments.format,
    )
    found = Gatherer()
    if options.output is not None and len(options.schemas) > 1:
        message = "--output is the directory of one package, and here are several"
        found.error("usage", Span.whole(options.schemas[1]), message)
        _report(found, (), options)
        return 2
    if all(_is_unchanged(name, options) for name in options.schemas):
        _report(found, (), options)
        return 0
    sources = [_read(name, found) for name in options.schemas]
    read = [source for source in sources if source is not None]
    plans = [] if found.failed else _plans(read, options, found)
    _report(found, read, options)
    if found.failed:
        return 2
    if options.check:
        return _show(plans, options)
    code = _write(plans, options)
    if code == 0 and not found.in_order():  # what was said must be said again
        _remember(read, plans, options)
    return code


def _is_unchanged(name: str, options: _Options) -> bool:
    return name != STANDARD_INPUT and unchanged.is_unchanged(name, options.output)


def _remember(
    sources: Sequence[_Source], plans: Sequence[disk.Plan], options: _Options
) -> None:
    for source, plan in zip(sources, plans, strict=True):
        schema = source.loaded.schema
        if schema is not None and source.name != "<stdin>":
            unchanged.remember(
                source.name,
                options.output,
                written=schema.output,
                inputs=source.contents,
                files=plan.files,
            )


def _report(found: Gatherer, sources: Sequence[_Source], options: _Options) -> None:
    texts = {name: text for each in sources for name, text in each.loaded.texts.items()}
    report.diagnostics(found.in_order(), texts, options.format)


def _read(name: str, found: Gatherer) -> _Source | None:
    """Loads one schema; its diagnostics, or why it cannot be read, go to `found`."""
    shown = "<stdin>" if name == STANDARD_INPUT else name
    path = Path("stdin" if name == STANDARD_INPUT else name)
    whole = Span.whole(shown)
    found.begin(shown)
    if not is_visible(path.name):
        found.error("unreadable", whole, "the file's name has control characters")
        return None
    data = read_named(name)
    if isinstance(data, Unreadable):
        found.error("unreadable", whole, data.message, data.help)
        return None
    files, identity = SchemaFiles(path.parent), os.path.realpath(path)
    from jobgen.schema.load import load_schema  # an unchanged build needs none of it

    loaded = load_schema(data, shown, files, identity=identity)
    for each in loaded.diagnostics:
        found.add(each)
    return _Source(shown, path, loaded, {shown: data} | files.contents)


def _plans(
    sources: Sequence[_Source], options: _Options, found: Gatherer
) -> list[disk.Plan]:
    plans: dict[Path, disk.Plan] = {}
    for source in sources:
        plan = _plan(source, options, found)
        if plan is not None and plan.directory in plans:
            message = (
                f"another schema file of this build has the output {plan.directory}"
            )
            help = "give each an output of its own"
            found.error("bad-output", source.loaded.output, message, help)
        elif plan is not None:
            plans[plan.directory] = plan
    return list(plans.values())


def _plan(source: _Source, options: _Options, found: Gatherer) -> disk.Plan | None:
    schema, place = source.loaded.schema, source.loaded.output
    if schema is None:
        return None
    if options.output is not None:
        directory: Path | Misplaced = Path(os.path.realpath(options.output))
    else:
        directory = output_of(source.path.parent, schema.output)
    if isinstance(directory, Misplaced):
        found.error("bad-output", place, directory.message, directory.help)
        return None
    banner = banner_source(source.path, directory)
    if not is_visible(banner):
        message = "the path from the output to this file has control characters"
        found.error("bad-output", place, message, "rename the directories")
        return None
    from jobgen.emit import emit  # slow to import, as above

    files = emit(schema, source=banner)
    try:
        plan = disk.plan(directory, files, banner)
    except OSError as error:
        found.error(
            "bad-output", place, f"cannot read {error.filename}: {error.strerror}"
        )
        return None
    if isinstance(plan, disk.Refused):
        found.error("bad-output", place, plan.message, plan.help)
        return None
    return plan


def _write(plans: Sequence[disk.Plan], options: _Options) -> int:
    for plan in plans:
        try:
            disk.apply(plan)
        except OSError as error:
            failed = Diagnostic(
                code="bad-output",
                message=f"cannot write {error.filename}: {error.strerror}",
                span=Span.whole(str(plan.directory)),
            )
            report.diagnostics([failed], {}, options.format)
            return 2
    return 0


def _show(plans: Sequence[disk.Plan], options: _Options) -> int:
    changes = [change for plan in plans for change in plan.changes]
    for change in changes:
        report.print_diff(_difference(change), options.format)
    if changes:
        report.print_diff([f"run: {_mending(options)}"], options.format)
    return 1 if changes else 0


def _mending(options: _Options) -> str:
    """The command that writes what `--check` misses."""
    output = [] if options.output is None else ["--output", options.output]
    return shlex.join(["jobgen", "build", *output, *options.schemas])


def _difference(change: disk.Change) -> list[str]:
    name = _relative(change.path)
    if change.old is None:
        return [f"missing: {name}"]
    if change.new is None:
        return [f"stale: {name}"]
    return list(_diff(name, change.old, change.new))


def _relative(path: Path) -> str:
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _diff(name: str, old: bytes, new: bytes) -> Iterator[str]:
    return difflib.unified_diff(
        old.decode(errors="replace").split("\n"),  # shows a CR, as splitlines would not
        new.decode().split("\n"),
        f"{name} (on disk)",
        f"{name} (from the schema)",
        lineterm="",
    )
