"""What a build changes, in words and as a diff."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from jobgen.cli import disk, report
from jobgen.cli.location import near


def summary(plan: disk.Plan) -> str:
    """One line about a package that was written."""
    deleted = sum(change.new is None for change in plan.changes)
    written = len(plan.changes) - deleted
    done = [f"wrote {_files(written)}"] if written else []
    done += [f"deleted {_files(deleted)}"] if deleted else []
    if not done:
        return up_to_date(plan.directory)
    return f"{_relative(plan.directory)}: {', '.join(done)}"


def up_to_date(directory: Path) -> str:
    """One line about a package of which nothing was written."""
    return f"{_relative(directory)} is up to date"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def show(plans: Sequence[disk.Plan], mending: str, form: report.Format) -> bool:
    """Prints what would change and `mending`, which does it; False: nothing."""
    changes = [change for plan in plans for change in plan.changes]
    for change in changes:
        if change.old is None:
            report.print_line(f"missing: {_relative(change.path)}", form)
        elif change.new is None:
            report.print_line(f"stale: {_relative(change.path)}", form)
        else:
            name = _relative(change.path)
            report.print_diff(_diff(name, change.old, change.new), form)
    if changes:
        report.print_line(f"run: {mending}", form)
    return bool(changes)


def _relative(path: Path) -> str:
    """`path` as it is short to read and to type: from here, or whole if it is far."""
    whole = path.as_posix()
    return min(near(path, Path.cwd()) or whole, whole, key=len)


def _diff(name: str, old: bytes, new: bytes) -> Iterator[str]:
    """The lines of a unified diff, which `patch` and `git apply` take."""
    import difflib  # slow to import

    for line in difflib.unified_diff(
        _lines(old.decode(errors="replace")),
        _lines(new.decode()),
        f"{name} (on disk)",
        f"{name} (from the schema)",
    ):
        yield line.removesuffix("\n")
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"


def _lines(text: str) -> list[str]:
    """Each with its LF alone as its end: a CR is shown, as splitlines would not."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)
