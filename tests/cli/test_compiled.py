"""Templates are compiled once for all builds of a user, who can trust what is kept."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.project import Project

COUNTED = """
import sys
from jinja2 import Environment
from jobgen.cli.main import main

compiled = []
compile = Environment.compile

def counted(self, source, name, *others):
    compiled.append(name)
    return compile(self, source, name, *others)

Environment.compile = counted
{change}
assert main(["build", "schemas/jobs.yaml"]) == 0
print(*compiled, file=sys.stderr)
"""


def compiled(project: Project, change: str = "") -> set[str]:
    """The templates that a build in a process of its own compiles.

    `change` is done before it, to the generator.
    """
    for made in project.output.glob("*.py"):
        made.unlink()  # or nothing would be to do
    done = subprocess.run(
        [sys.executable, "-c", COUNTED.format(change=change)],
        cwd=project.root,
        capture_output=True,
        check=True,
        text=True,
    )
    return set(done.stderr.split())


def test_a_template_is_compiled_once(project: Project) -> None:
    first = compiled(project)
    made = project.files()
    assert {"python/job.py.jinja", "statements/fetch.sql.jinja"} <= first
    assert compiled(project) == set()
    assert project.files() == made


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut off": lambda data: data[:-1],
    "without its beginning": lambda data: data[1:],
    "another letter": lambda data: data.replace(b"import", b"impart"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_is_compiled_again(
    project: Project, cache: Path, damage: str
) -> None:
    compiled(project)
    made = project.files()
    damaged = set[Path]()
    for path in (cache / "jobgen" / "templates").iterdir():
        data = path.read_bytes()
        path.write_bytes(DAMAGES[damage](data))
        damaged |= {path} if path.read_bytes() != data else set()
    assert len(compiled(project)) == len(damaged) > 0
    assert project.files() == made


@pytest.mark.parametrize(
    "change",
    [
        "import jinja2; jinja2.__version__ = '0'",
        "import inspect; inspect.getsource = lambda part: str(part)",
    ],
    ids=["Jinja", "what calls it"],
)
def test_all_are_compiled_again_by_another_compiler(
    project: Project, change: str
) -> None:
    """What is kept depends on more than its template."""
    first = compiled(project)
    assert compiled(project, change) == first


def test_another_template_is_compiled(project: Project) -> None:
    """Though it has the name of one that is kept."""
    compiled(project)
    change = (
        "from jinja2 import FileSystemLoader; get = FileSystemLoader.get_source\n"
        "def longer(self, environment, name):\n"
        "    source, *others = get(self, environment, name)\n"
        "    return (source + '# end\\n' if name == 'python/enums.py.jinja'"
        " else source, *others)\n"
        "FileSystemLoader.get_source = longer"
    )
    assert compiled(project, change) == {"python/enums.py.jinja"}
    assert (project.output / "enums.py").read_text().endswith("# end\n")


def test_without_their_source_nothing_is_kept(project: Project, cache: Path) -> None:
    """A program of one file has no text to tell one generator from another."""
    change = "import inspect\ndef gone(part): raise OSError\ninspect.getsource = gone"
    assert compiled(project, change) == compiled(project, change) != set()
    assert not (cache / "jobgen" / "templates").exists()
