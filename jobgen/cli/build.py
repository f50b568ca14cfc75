"""`jobgen build`: schema files → packages on the disk.

The pipeline is `_build`: read, load, emit, plan; then write, or with `--check` say
what would be written. Nothing is changed while anything is wrong.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import shlex
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jobgen.cli import changes, disk, report, unchanged
from jobgen.cli.cache import Kept
from jobgen.cli.files import STANDARD_INPUT, SchemaFiles, known_as, read_named
from jobgen.cli.location import Misplaced, banner_source, output_of
from jobgen.cli.parallel import shared
from jobgen.cli.watch import watch
from jobgen.schema.diagnostics import Gatherer, Span
from jobgen.schema.files import Unreadable
from jobgen.schema.invisible import is_visible

if TYPE_CHECKING:
    from jobgen.emit import Task
    from jobgen.schema.load import Loaded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "schemas", nargs="+", metavar="SCHEMA", help="a schema file, or - for stdin"
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--check", action="store_true", help="write nothing; say what would change"
    )
    instead.add_argument(
        "--watch", action="store_true", help="build again on every change until Ctrl-C"
    )
    parser.add_argument(
        "--output", metavar="DIR", help="the package's directory, wherever it is"
    )
    parser.add_argument(
        "--format", choices=report.FORMATS, default="text", help="of diagnostics"
    )


class _Options(NamedTuple):
    schemas: tuple[str, ...]
    check: bool
    watch: bool
    output: str | None
    format: report.Format


class _Outcome(NamedTuple):
    """The exit code of one build, and the schema files that it read or missed."""

    code: int
    files: tuple[Path, ...]


class _Source(NamedTuple):
    """A schema file: as named on the command line, and what is in it.

    `contents` are its bytes, and those of what it includes, by name; `directory`
    is where its package goes, None where it can go nowhere.
    """

    name: str
    path: Path
    loaded: Loaded
    directory: Path | None
    contents: Mapping[str, bytes]


def run(arguments: argparse.Namespace) -> int:
    """Builds: 0, 1 where `--check` found a difference, 2 where it cannot be done.

    With `--watch` it builds until Ctrl-C, which is then how to end it: 0.
    """
    options = _Options(
        schemas=_distinct(arguments.schemas),
        check=arguments.check,
        watch=arguments.watch,
        output=arguments.output,
        format=arguments.format,
    )
    found = Gatherer()
    _check_usage(options, found)
    if found.failed:
        _report(found, (), options)
        return 2
    if options.watch:
        return _watch(options)
    atexit.register(gc.freeze)  # Python would look for cycles in all of it as it ends
    return 0 if _is_unchanged(options) else _build(options).code


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Each file once, by the first of the names that it is given."""
    files: dict[str, str] = {}
    for name in map(known_as, names):
        known = name != STANDARD_INPUT and is_visible(name)  # realpath dislikes U+0000
        files.setdefault(os.path.realpath(name) if known else name, name)
    return tuple(files.values())


def _check_usage(options: _Options, found: Gatherer) -> None:
    if options.output is not None and len(options.schemas) > 1:
        message = "--output is the directory of one package, and here are several"
        found.error("usage", Span.whole(options.schemas[1]), message)
    if options.output == "":
        message = "--output names no directory; write . for the current one"
        found.error("usage", Span.whole("--output"), message)
    if options.watch and STANDARD_INPUT in options.schemas:
        message = "the standard input cannot be watched; name a file"
        found.error("usage", Span.whole("<stdin>"), message)


def _watch(options: _Options) -> int:
    if options.format == "text":
        names = ", ".join(options.schemas)
        report.print_result(f"watching {names}; stop with Ctrl-C")
    try:
        watch(map(Path, options.schemas), lambda: _build(options).files)
    except KeyboardInterrupt:
        return 0


def _is_unchanged(options: _Options) -> bool:
    """Whether nothing is to do, found out without building; then that is said."""
    name, *others = options.schemas
    if others or name == STANDARD_INPUT:  # several may be in each other's way
        return False
    directory = unchanged.directory(name, options.output)
    if directory is None:
        return False
    _report(Gatherer(), (), options)
    if options.format == "text" and not options.check:
        report.print_result(changes.up_to_date(directory))
    return True


@contextmanager
def _uncollected() -> Generator[None]:
    """Without looks for cycles: a build makes few, and lives on while it is read.

    With 500 jobs they take a seventh of its time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@_uncollected()
def _build(options: _Options) -> _Outcome:
    found = Gatherer()
    sources = [_read(name, options, found) for name in options.schemas]
    read = [source for source in sources if source is not None]
    plans = [] if found.failed else _plans(read, found)
    if not (found.failed or options.check):
        _look_for_rights(read, plans, found)
    if not (found.failed or options.check):
        _write(plans, found)
    _report(found, read, options)
    written = not (found.failed or options.check)
    if written and not found.in_order():  # what was said must be said again
        _remember(read, plans, options)
    code = 2 if found.failed else _tell(plans, options)
    files = [Path(name) for source in read for name in source.loaded.texts]
    return _Outcome(code, (*map(Path, options.schemas), *files))


def _tell(plans: Sequence[disk.Plan], options: _Options) -> int:
    """Says what was done or, with `--check`, is to do."""
    if options.check:
        return 1 if changes.show(plans, _mending(options), options.format) else 0
    if options.format == "text":
        for plan in plans:
            report.print_result(changes.summary(plan))
    return 0


def _mending(options: _Options) -> str:
    """The command that writes what `--check` misses."""
    output = [] if options.output is None else [f"--output={options.output}"]
    end = ["--"] if any(n.startswith("-") and n != "-" for n in options.schemas) else []
    return shlex.join(["jobgen", "build", *output, *end, *options.schemas])


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


def _read(name: str, options: _Options, found: Gatherer) -> _Source | None:
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
    directory = _directory(path, loaded, options, found)
    return _Source(shown, path, loaded, directory, {shown: data} | files.contents)


def _directory(
    path: Path, loaded: Loaded, options: _Options, found: Gatherer
) -> Path | None:
    """Where the package goes; why it cannot go there is told with all other errors."""
    if options.output is not None:
        return Path(os.path.realpath(options.output))
    if not loaded.output:
        return None
    directory = output_of(path.parent, loaded.output)
    if isinstance(directory, Misplaced):
        found.error("bad-output", loaded.place, directory.message, directory.help)
        return None
    return directory


def _plans(sources: Sequence[_Source], found: Gatherer) -> list[disk.Plan]:
    plans: list[disk.Plan] = []
    filled: set[Path] = set()
    packages: dict[str, str] = {}
    for source in sources:
        plan, schema = _plan(source, found), source.loaded.schema
        if plan is None or schema is None:
            continue
        for both in sorted(plan.homes & filled)[:1]:
            message = f"another schema file of this build fills {both}"
            help = "give each an output of its own"
            found.error("bad-output", source.loaded.place, message, help)
        other = packages.setdefault(schema.package, source.name)
        if other != source.name:
            message = f"{other} makes the package '{schema.package}' too"
            help = "give each a package of its own"
            found.error("bad-package", Span.whole(source.name), message, help)
        plans.append(plan)
        filled |= plan.homes
    return plans


def _plan(source: _Source, found: Gatherer) -> disk.Plan | None:
    schema, place = source.loaded.schema, source.loaded.place
    directory = source.directory
    if schema is None or directory is None:
        return None
    banner = banner_source(source.path, directory)
    if not is_visible(banner):
        message = "the path from the output to this file has control characters"
        found.error("bad-output", place, message, "rename the directories")
        return None
    from jobgen.emit import keep_compiled, tasks_of  # slow to import, as above

    keep_compiled(Kept("templates"))
    tasks = [partial(_encoded, task) for task in tasks_of(schema, source=banner)]
    files = {name: data for made in shared(tasks) for name, data in made.items()}
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


def _encoded(task: Task) -> dict[str, bytes]:
    return {name: text.encode() for name, text in task().items()}


def _look_for_rights(
    sources: Sequence[_Source], plans: Sequence[disk.Plan], found: Gatherer
) -> None:
    for source, plan in zip(sources, plans, strict=True):
        refused = disk.unwritable(plan)
        if refused is not None:
            found.error(
                "bad-output", source.loaded.place, refused.message, refused.help
            )


def _write(plans: Sequence[disk.Plan], found: Gatherer) -> None:
    for plan in plans:
        try:
            disk.apply(plan)
        except OSError as error:
            message = f"cannot write {error.filename}: {error.strerror}"
            found.error("bad-output", Span.whole(str(plan.directory)), message)
            return
