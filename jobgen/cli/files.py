"""The files of a schema on the disk: named on the command line, or included.

The shell's side of `jobgen.schema.files`. Reads, and changes nothing. Only files
are read, never what may have no end or wait for a writer.
"""

from __future__ import annotations

import os
import stat
import sys
from itertools import islice
from pathlib import Path

from jobgen.cli.location import project_of
from jobgen.schema.files import File, Unreadable
from jobgen.schema.source import MAX_BYTES

STANDARD_INPUT = "-"
_ITS_FILES = frozenset({"/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})

if sys.platform == "win32":
    _READ = os.O_RDONLY
else:
    _READ = os.O_RDONLY | os.O_NONBLOCK  # a FIFO would wait for somebody who writes

_MOST = MAX_BYTES + 1
"""No more of a file than is needed to see that it is too large."""

_MOST_BESIDE = 1000
"""Files of a directory that are looked at for one that may have been meant."""


def known_as(name: str) -> str:
    """`-` for a file that is the standard input: it lies in no project."""
    return STANDARD_INPUT if name in _ITS_FILES else name


def read_named(name: str) -> bytes | Unreadable:
    """A file of the command line; `-` is the standard input."""
    try:
        return _standard_input() if name == STANDARD_INPUT else _regular_file(name)
    except FileNotFoundError:
        return Unreadable(message="there is no such file", help="check the path")
    except IsADirectoryError:
        return Unreadable(message="this is a directory", help="name a file in it")
    except (OSError, ValueError) as error:
        return Unreadable(message=f"cannot read the file: {_reason(error)}")


class SchemaFiles:
    """What a schema file in `home` may include: files of its project."""

    def __init__(self, home: Path) -> None:
        self.contents: dict[str, bytes] = {}  # of what was read, by name
        self._project = project_of(home)

    def find(self, path: str, beside: str) -> File | Unreadable:
        name = str(Path(beside).parent / path)
        identity = os.path.realpath(name)
        tidy = os.path.normpath(name)
        # Beyond a symbolic link, `a/../b` is another file than `b`.
        name = tidy if os.path.realpath(tidy) == identity else name
        if not Path(identity).is_relative_to(self._project):
            message = f"{path} lies outside the project, which is {self._project}"
            return Unreadable(message=message, help="include files of the project only")
        return File(name=name, identity=identity)

    def read(self, file: File) -> bytes | Unreadable:
        try:
            data = self.contents[file.name] = _regular_file(file.identity)
            return data
        except FileNotFoundError:
            message = f"there is no file {file.name}"
            help = "check the path, which is relative to this file"
            beside = _schema_files(Path(file.identity).parent)
            return Unreadable(message=message, help=help, beside=beside)
        except (OSError, ValueError) as error:
            return Unreadable(message=f"cannot read {file.name}: {_reason(error)}")


def _schema_files(directory: Path) -> tuple[str, ...]:
    """The names of some of them, where it can be read."""
    try:
        with os.scandir(directory) as entries:
            names = [each.name for each in islice(entries, _MOST_BESIDE)]
    except OSError:
        return ()
    return tuple(name for name in names if name.endswith((".yaml", ".yml")))


def _standard_input() -> bytes:
    # None where the process was started without one, which its type denies.
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise ValueError("there is no standard input")
    data: bytes = stream.read(_MOST)
    return data


def _regular_file(name: str) -> bytes:
    with os.fdopen(os.open(name, _READ), "rb") as stream:
        mode = os.fstat(stream.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise ValueError("it is not a file; what comes from a pipe is read from -")
        return stream.read(_MOST)


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else str(error)
