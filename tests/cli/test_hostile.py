"""Whatever is called a schema: a diagnostic or a build, in bounded time and memory.

Each runs as a process of its own under limits of the system, so that a loop, a
leak or a traceback is seen as what it is.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

_MEMORY = 1_500_000_000
_SECONDS = 60  # of processor time, so that a busy machine fails nothing

_HEAD = "jobgen: 1\npackage: app_jobs\noutput: out\n"
_JOBS = "jobs:\n  send_mail:\n    columns: {email: text}\n"

_LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n"
    for n in range(20)
)


def _with_column(column: str, more: str = "") -> bytes:
    return f"{_HEAD}{more}jobs: {{send_mail: {{columns: {{e: {column}}}}}}}\n".encode()


HOSTILE: dict[str, tuple[bytes, str]] = {
    # what it is: the file, and the code of what is found
    "anchors that double": ((_HEAD + _LAUGHS + _JOBS).encode(), "alias"),
    "an object of Python": (
        (_HEAD + "enums: !!python/object/apply:os.system ['x']\n" + _JOBS).encode(),
        "tag",
    ),
    "a merge key": ((_HEAD + "enums:\n  <<: {k: [a]}\n" + _JOBS).encode(), "alias"),
    "a key twice": ((_HEAD + _JOBS + _JOBS).encode(), "duplicate-key"),
    "a tab": ((_HEAD + "jobs:\n\tx: {columns: {}}\n").encode(), "bad-yaml"),
    "NUL": ((_HEAD + "# \0\n" + _JOBS).encode(), "control-character"),
    "an escaped NUL": (
        (_HEAD + 'jobs: {x: {doc: "\\0", columns: {}}}\n').encode(),
        "control-character",
    ),
    "a lone surrogate": (
        (_HEAD + "# ").encode() + b"\xed\xa0\x80\n" + _JOBS.encode(),
        "bad-encoding",
    ),
    "an escaped surrogate": (
        (_HEAD + 'jobs: {x: {doc: "\\ud800", columns: {}}}\n').encode(),
        "bad-yaml",
    ),
    "not UTF-8": (b"\xff" + (_HEAD + _JOBS).encode(), "bad-encoding"),
    "half of UTF-16": ((_HEAD + _JOBS).encode("utf-16")[:-1], "bad-encoding"),
    "an override of direction": (
        (_HEAD + "# \u202e\n" + _JOBS).encode(),
        "control-character",
    ),
    "10 MB": ((_HEAD + _JOBS).encode() + b"# x\n" * 2_500_000, "too-large"),
    "10 MB of brackets": (b"[" * 10_000_000, "too-large"),
    "nesting of 10,000": (b"[" * 10_000, "too-deep"),
    "nesting of mappings": (b"{a: " * 10_000, "too-deep"),
    "nesting by indentation": (
        "".join(" " * n + "a:\n" for n in range(2_000)).encode(),
        "too-deep",
    ),
    "a million of scalars": (b"[" + b"a," * 1_000_000 + b"]", "too-large"),
    "nothing": (b"", "empty-file"),
    "a comment": (b"# nothing\n", "empty-file"),
    "only the marks of a document": (b"---\n...\n", "empty-file"),
    "two documents": ((_HEAD + _JOBS + "---\n" + _HEAD).encode(), "several-documents"),
    "noise": (bytes(range(256)) * 100, "bad-encoding"),
    "spaces in a type": (
        _with_column("'double" + " " * 100_000 + "x'"),
        "unknown-type",
    ),
    "spaces in parentheses": (
        _with_column("'numeric(" + " " * 100_000 + "x'"),
        "unknown-type",
    ),
    "a modifier of 100 kB": (
        _with_column("'numeric(" + ",9" * 50_000 + ")'"),
        "bad-type-modifier",
    ),
    "many dots and no colon": (
        _with_column('{type: jsonb, python: "' + "A." * 100_000 + '\\n"}'),
        "bad-import",
    ),
    "a path of 1 MB": (
        (_HEAD + f"include: [{'a/' * 500_000}]\n" + _JOBS).encode(),
        "bad-path",
    ),
    "a key of 100 kB": ((_HEAD + "k" * 100_000 + ": 1\n" + _JOBS).encode(), "bad-yaml"),
}

HARMLESS: dict[str, bytes] = {
    "a mark of the byte order": (_HEAD + _JOBS).encode("utf-8-sig"),
    "UTF-16": (_HEAD + _JOBS).encode("utf-16"),
    "UTF-32": (_HEAD + _JOBS).encode("utf-32"),
    "CR LF": (_HEAD + _JOBS).replace("\n", "\r\n").encode(),
    "CR": (_HEAD + _JOBS).replace("\n", "\r").encode(),
    "a doc of 100 kB": (_HEAD + _JOBS + "    doc: " + "word " * 20_000 + "\n").encode(),
    "a doc of one word of 100 kB": (
        _HEAD + _JOBS + "    doc: " + "\U0001f600" * 25_000 + "\n"
    ).encode(),
    "a check of many lines": _with_column(
        "{type: text, check: \"e <> '" + "\\n" * 300_000 + "x'\"}"
    ),
    "a check of many words": _with_column(
        '{type: text, check: "true' + " and true" * 400_000 + '"}'
    ),
    "a default of many labels": _with_column(
        "{type: 'm[]', default: [" + "m9," * 200_000 + "m9]}",
        f"enums: {{m: [{','.join(f'm{n}' for n in reversed(range(100_000)))}]}}\n",
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What a process came to."""

    code: int
    out: str
    err: str


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))


def build(directory: Path, name: str = "schema.yaml") -> Outcome:
    """Builds in a process of its own; a traceback fails, whatever the code."""
    done = subprocess.run(
        [sys.executable, "-m", "jobgen", "build", name],
        cwd=directory,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
        preexec_fn=limit,
        check=False,
    )
    outcome = Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in outcome.err
    assert len(outcome.err) < 100_000, "a diagnostic, not the file"
    return outcome


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused_with_a_diagnostic(home: Path, what: str) -> None:
    """And nothing is written."""
    data, code = HOSTILE[what]
    (home / "schema.yaml").write_bytes(data)
    done = build(home)
    assert done.code == 2
    assert f"error[{code}]" in done.err
    assert not (home / "out").exists()


@pytest.mark.parametrize("what", HARMLESS)
def test_an_odd_file_that_means_something_is_built(home: Path, what: str) -> None:
    """However its characters and lines are written."""
    (home / "schema.yaml").write_bytes(HARMLESS[what])
    assert build(home) == Outcome(0, "out: wrote 9 files\n", "")
    compile((home / "out" / "send_mail.py").read_bytes(), "send_mail.py", "exec")


def test_five_thousand_jobs_are_built(home: Path) -> None:
    """In the memory and the time of one process."""
    jobs = "".join(f"  j{n}: {{columns: {{c: text}}}}\n" for n in range(5_000))
    (home / "schema.yaml").write_text(_HEAD + "jobs:\n" + jobs)
    assert build(home).code == 0
    assert len(list((home / "out" / "aio").iterdir())) == 5_001


@pytest.mark.parametrize("kind", ["directory", "fifo", "device", "missing", "terminal"])
def test_what_is_not_a_file_is_refused_without_waiting(home: Path, kind: str) -> None:
    """A FIFO that nobody writes to, a device without an end."""
    path = home / "schema.yaml"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "terminal":
        path.symlink_to("/dev/tty")
    done = build(home)
    assert done.code == 2
    assert done.err.startswith("schema.yaml: error[unreadable]: ")


def test_an_endless_standard_input_is_too_large(home: Path) -> None:
    """As a file would be."""
    with Path("/dev/zero").open("rb") as zeros:
        done = subprocess.run(
            [sys.executable, "-m", "jobgen", "build", "-"],
            cwd=home,
            stdin=zeros,
            capture_output=True,
            timeout=300,
            preexec_fn=limit,
            check=False,
        )
    assert done.returncode == 2
    assert b"error[too-large]" in done.stderr


def test_a_closed_standard_input_is_said(home: Path) -> None:
    """Where a service starts jobgen without one."""
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {sys.executable} -m jobgen build - <&-"],
        cwd=home,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 2
    assert b"there is no standard input" in done.stderr
    assert b"Traceback" not in done.stderr
