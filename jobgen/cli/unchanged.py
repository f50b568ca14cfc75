"""Whether a build would change nothing, known without making it.

A package depends on nothing but the files of its schema, where they lie, and the
generator. The last build's digests of all these, and of what it made, are kept in
the user's cache directory. Where each is as it was, and the package too, there
is nothing to do. Any doubt, and any trouble with the cache, is a no: then the
build is made, and it alone decides.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from jobgen import assets
from jobgen.cli.cache import Kept
from jobgen.cli.disk import BANNER_REACH, banner_of
from jobgen.cli.files import read_named
from jobgen.cli.location import output_of, project_of

_GENERATOR = ("jobgen.cli", "jobgen.emit", "jobgen.schema")
_LIBRARIES = ("jinja2", "yaml")
_BUILDS = Kept("builds")


def directory(schema: str, output: str | None) -> Path | None:
    """Where the package of the file `schema` is that a build would not change.

    `output` is that of `--output`. None where a build may have something to do.
    """
    try:
        entry = json.loads(_BUILDS.get(_name(schema, output)) or b"")
        found = Path(entry["place"][1])
        same = (
            entry["generator"] == _generator()
            and entry["place"] == _place(schema, output, entry["output"])
            and all(map(_is_same_file, *zip(*entry["inputs"], strict=True)))
            and _holds(found, entry["files"])
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    return found if same else None


def remember(
    schema: str,
    output: str | None,
    *,
    written: str,
    inputs: Mapping[str, bytes],
    files: Mapping[str, bytes],
) -> None:
    """Keeps what a build has just made of `schema`.

    `written` is its key `output`; `inputs` are the files as they were read, by
    name, and `files` those of the package, by relative path.
    """
    entry = {
        "generator": _generator(),
        "output": written,
        "place": _place(schema, output, written),
        "inputs": [
            (_absolute(name), os.path.realpath(name), _digest(data))
            for name, data in inputs.items()
        ],
        "files": {name: _digest(data) for name, data in files.items()},
    }
    _BUILDS.put(_name(schema, output), json.dumps(entry).encode())


def _name(schema: str, output: str | None) -> str:
    key = json.dumps([_absolute(schema), output and _absolute(output)])
    return f"{_digest(key.encode())}.json"


def _absolute(name: str) -> str:
    """Not made shorter: beyond a symbolic link, `a/../b` is another file than `b`."""
    return str(Path.cwd() / name)


def _place(schema: str, output: str | None, written: str) -> list[str]:
    """The project, the package's directory, and the schema's as links lead to it."""
    home = Path(schema).parent
    found = Path(os.path.realpath(output)) if output else output_of(home, written)
    directory = str(found) if isinstance(found, Path) else ""
    return [str(project_of(home)), directory, os.path.realpath(home)]


def _is_same_file(name: str, target: str, digest: str) -> bool:
    if os.path.realpath(name) != target:
        return False
    data = read_named(name)
    return isinstance(data, bytes) and _digest(data) == digest


def _holds(directory: Path, files: Mapping[str, str]) -> bool:
    """Whether the directory has these files, and no other that jobgen made."""
    left = dict(files)
    for inside in sorted({(directory / name).parent for name in files}):
        if os.path.realpath(inside) != str(inside):
            return False
        for path in inside.iterdir():
            name = path.relative_to(directory).as_posix()
            if name in left:
                data = path.read_bytes()
                if path.is_symlink() or _digest(data) != left.pop(name):
                    return False
            elif path.is_file() and _is_generated(path):
                return False
    return not left


def _is_generated(path: Path) -> bool:
    with path.open("rb") as stream:
        return banner_of(stream.read(BANNER_REACH)) is not None


def _generator() -> str:
    """What makes packages: its own code and templates, and what it stands on."""
    digest = hashlib.sha256(sys.version.encode())
    for name in _LIBRARIES:
        origin = _origin(name)
        status = origin.stat()
        digest.update(f"{origin} {status.st_size} {status.st_mtime_ns}".encode())
    for directory in (*map(_directory, _GENERATOR), assets.templates()):
        for path in _sources(directory):
            digest.update(f"{path}\0{_digest(path.read_bytes())}\0".encode())
    return digest.hexdigest()


def _sources(directory: Path) -> Iterator[Path]:
    for kind in ("*.py", "*.jinja"):
        yield from sorted(directory.rglob(kind))


def _directory(package: str) -> Path:
    return _origin(package).parent


def _origin(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ValueError(f"{module} is not a file")
    return Path(spec.origin)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
