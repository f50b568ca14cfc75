"""`jobgen build --watch`, as a process of its own."""

from __future__ import annotations

import itertools
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

from jobgen.cli.watch import watch as watch_files
from tests.cli.project import SCHEMA, Project

_PATIENCE: Final = 30.0
"""Seconds after which something that ought to happen will not."""

_QUIET: Final = 1.0
"""Seconds in which a watch would have built again several times."""

_MORE: Final = SCHEMA + "  post_webhook:\n    columns: {url: text}\n"
_WRONG: Final = SCHEMA.replace("text", "txt")
_MISTAKE: Final = "'txt' is not a PostgreSQL type"


class Watch:
    """A running watch; its output, stdout and stderr alike, as lines."""

    def __init__(self, root: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jobgen", "build", "--watch", *arguments],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Whatever started the tests may ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def expect(self, part: str) -> str:
        """Waits for a line with `part`; the result is that line."""
        seen: list[str] = []
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            try:
                seen.append(self._lines.get(timeout=0.1))
            except queue.Empty:
                continue
            if part in seen[-1]:
                return seen[-1]
        raise AssertionError(f"no {part!r} in {seen}")

    def rest(self) -> list[str]:
        """What was printed and not waited for."""
        return [self._lines.get() for _ in range(self._lines.qsize())]

    def stop(self, how: int = signal.SIGINT) -> int:
        """The exit status after a signal."""
        self.process.send_signal(how)
        code = self.process.wait(_PATIENCE)
        self._reader.join()
        return code

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def watch(project: Project) -> Iterator[Watch]:
    """A watch of the project's schema after its first build."""
    watch = Watch(project.root, "schemas/jobs.yaml")
    watch.expect("watching schemas/jobs.yaml; stop with Ctrl-C")
    watch.expect("app_jobs: wrote 9 files")
    yield watch
    watch.close()


def _schema(project: Project) -> Path:
    return project.root / "schemas" / "jobs.yaml"


def test_a_change_is_built_and_ctrl_c_ends_it(project: Project, watch: Watch) -> None:
    """With exit status 0, because that is the way to end it, and no more words."""
    project.write(_MORE)
    watch.expect("app_jobs: wrote ")
    assert (project.output / "post_webhook.py").exists()
    assert watch.stop() == 0
    assert watch.rest() == []


def test_a_mistake_is_shown_and_mended(project: Project, watch: Watch) -> None:
    """The package stays as it was until the schema is right again."""
    before = project.times()
    project.write(_WRONG)
    watch.expect(_MISTAKE)
    project.write("{")
    watch.expect("error[bad-yaml]")
    assert project.times() == before
    project.write(_MORE)
    watch.expect("app_jobs: wrote ")
    assert (project.output / "post_webhook.py").exists()


def test_it_starts_on_a_schema_with_a_mistake(project: Project) -> None:
    """And waits for it to be mended."""
    project.write(_WRONG)
    watch = Watch(project.root, "schemas/jobs.yaml")
    try:
        watch.expect(_MISTAKE)
        project.write(SCHEMA)
        watch.expect("app_jobs: wrote 9 files")
    finally:
        watch.close()


def test_an_editor_may_move_another_file_there(project: Project, watch: Watch) -> None:
    """As most do, again and again."""
    for number in range(3):
        new = project.root / "schemas" / ".jobs.yaml.swp"
        new.write_text(SCHEMA.replace("email", f"email{number}"))
        new.replace(_schema(project))
        watch.expect("app_jobs: wrote ")
        assert f"email{number}" in (project.output / "send_mail.py").read_text()


def test_an_editor_may_delete_the_file_first(project: Project, watch: Watch) -> None:
    """Where it takes its time, the file is missed and found again."""
    _schema(project).unlink()
    watch.expect("there is no such file")
    project.write(_MORE)
    watch.expect("app_jobs: wrote ")


def test_the_directory_may_be_replaced(project: Project, watch: Watch) -> None:
    """As by a checkout of another branch."""
    home, away = project.root / "schemas", project.root / "old"
    home.rename(away)
    watch.expect("there is no such file")
    new = project.root / "new"
    new.mkdir()
    (new / "jobs.yaml").write_text(_MORE)
    new.rename(home)
    watch.expect("app_jobs: wrote ")
    shutil.rmtree(away)
    project.write(SCHEMA)
    watch.expect("app_jobs: wrote ")


def _watched(
    path: Path, acts: list[Callable[[], Iterable[Path]]], sleep: Callable[[float], None]
) -> None:
    """Watches `path` with `acts` in turn, and stops with the last one.

    `sleep` stands in for that of the clock.
    """

    def act() -> Iterable[Path]:
        read = acts.pop(0)()
        if not acts:
            raise KeyboardInterrupt
        return read

    rounds = itertools.count()

    def bounded(seconds: float) -> None:
        assert next(rounds) < 100, "nothing is built again"
        sleep(seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", bounded)
        with pytest.raises(KeyboardInterrupt):
            watch_files([path], act)


def test_a_file_is_read_when_its_editor_has_finished(tmp_path: Path) -> None:
    """Half a file would be shown as a mistake."""
    path = tmp_path / "file"
    seen: list[str] = []

    def act() -> Iterable[Path]:
        seen.append(path.read_text() if path.exists() else "")
        return [path]

    def sleep(seconds: float) -> None:
        text = path.read_text() if path.exists() else ""
        if len(text) < 5:
            path.write_text(text + "x")

    _watched(path, [act, act], sleep)
    assert seen == ["", "xxxxx"]


def test_a_change_during_a_build_is_not_missed(tmp_path: Path) -> None:
    """Whether the build has read the file before it or after."""
    path = tmp_path / "file"

    def act() -> Iterable[Path]:
        path.write_text("new")
        return [path]

    _watched(path, [act, act], lambda seconds: None)


def test_what_a_build_reads_is_watched_next(tmp_path: Path) -> None:
    """And what it reads no more is not."""
    path, other = tmp_path / "file", tmp_path / "other"

    def sleep(seconds: float) -> None:
        if not path.exists():
            path.write_text("no longer read")
        elif not other.exists():
            other.write_text("read")

    _watched(path, [lambda: [other], lambda: [other]], sleep)
    assert other.exists()


def test_its_own_output_is_no_change(project: Project, watch: Watch) -> None:
    """Nor is anything else that is not a schema file."""
    (project.output / "enums.py").write_text("")
    (project.root / "schemas" / "other.yaml").write_text("")
    time.sleep(_QUIET)
    assert watch.rest() == []


def test_several_schemas_are_watched(project: Project) -> None:
    """Each change builds all of them, because a mistake in one stops all."""
    other = project.root / "more.yaml"
    text = SCHEMA.replace("../app_jobs", "more").replace("app_jobs", "more")
    other.write_text(text)
    watch = Watch(project.root, "schemas/jobs.yaml", "more.yaml")
    try:
        watch.expect("more: wrote 9 files")
        other.write_text(text.replace("email", "address"))
        watch.expect("app_jobs is up to date")
        watch.expect("more: wrote ")
    finally:
        watch.close()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(("-",), "cannot be watched"), (("--check", "a.yaml"), "not allowed with")],
)
def test_what_cannot_be_watched_is_refused(
    project: Project, arguments: tuple[str, ...], reason: str
) -> None:
    """At once, with exit status 2."""
    done = project.run("build", "--watch", *arguments)
    assert (done.code, done.out) == (2, "")
    assert reason in done.err
