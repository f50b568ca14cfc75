"""A generated package loads each module when somebody asks for a name in it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from operator import attrgetter
from types import ModuleType

import pytest

from tests.emit.schemas import HEAD, files, one_job
from tests.properties.packages import imported
from tests.unseen import Unseen

# Jobs and enums with the names of what loads them, and of functions in their modules.
JOBS = """
    bind dir dict enqueue final getattr globals handler homes import_module importlib
    late list load_late module name object str super sys typing type_checking vars
"""
SCHEMA = (
    HEAD
    + "enums: {any: [a], attribute_error: [a], import_error: [a]}\njobs:\n"
    + "".join(f"  {name}: {{columns: {{a: any}}}}\n" for name in JOBS.split())
    + "  sent: {columns: {}, worker: elsewhere}\n"
)


@pytest.fixture
def package() -> Iterator[Unseen]:
    with imported(files(SCHEMA), {}) as found:
        yield found


def _loaded(package: ModuleType) -> set[str]:
    start = f"{package.__name__}."
    return {each.removeprefix(start) for each in sys.modules if each.startswith(start)}


def test_a_package_loads_what_is_asked_for(package: Unseen) -> None:
    """Nothing at first, then the module that a name is in and what this needs."""
    assert _loaded(package) == set()
    _ = package.enums
    assert _loaded(package) == {"enums"}
    _ = package.VarsJob
    assert _loaded(package) == {"enums", "vars"}
    _ = package.aio.bind
    assert _loaded(package) == {"aio", "aio.bind", "bind", "enums", "vars"}
    _ = package.handlers
    assert {"sys", "typing", "homes"} <= _loaded(package)
    assert "sent" not in _loaded(package)


def test_every_name_is_what_it_says(package: Unseen) -> None:
    """Modules, functions and classes, whatever jobs are called, in any order."""
    for job in [*JOBS.split(), "sent"]:
        module = importlib.import_module(f"{package.__name__}.{job}")
        twin = importlib.import_module(f"{package.__name__}.aio.{job}")
        assert getattr(package, job) is module
        assert getattr(package.aio, job) is twin
        class_name = job.title().replace("_", "")
        assert getattr(package, class_name) is getattr(module, class_name)
    assert package.AttributeError.A == package.ImportError.A == package.Any.A == "a"
    assert package.enums.Any is package.Any
    assert {*package.handlers.__annotations__} == {*JOBS.split(), "return"}


def test_a_star_import_has_all_names(package: Unseen) -> None:
    """As without late loading."""
    space: dict[str, object] = {}
    exec(f"from {package.__name__} import *", space)  # the statement itself
    exec(f"from {package.__name__}.aio import bind as twin", space)
    assert set(package.__all__) <= space.keys()
    assert space["twin"] is package.aio.bind


def test_names_are_listed_before_they_are_loaded(package: Unseen) -> None:
    """Each once, beside what any module has."""
    listed = dir(package)
    assert {*package.__all__, "__doc__", "__name__"} <= {*listed}
    assert len(listed) == len({*listed})
    assert {*package.aio.__all__} <= {*dir(package.aio)}


def test_a_name_that_there_is_not_is_refused_as_usual(package: Unseen) -> None:
    """In Python's words; also when jobs hide the names of functions that Python has."""
    for _ in range(2):
        for module in (package, package.aio):
            said = f"^module {module.__name__!r} has no attribute 'nosuch'$"
            with pytest.raises(AttributeError, match=said):
                _ = module.nosuch
            with pytest.raises(ImportError, match="cannot import name 'nosuch' from"):
                exec(f"from {module.__name__} import nosuch", {})
        exec(f"from {package.__name__} import *", {})


@pytest.mark.parametrize(
    ("broken", "error", "said"),
    [
        ("import nosuch_module", ModuleNotFoundError, "^No module named 'nosuch_mod"),
        ("''.nosuch", ImportError, "'str' object has no attribute 'nosuch'"),
        ("1 / 0", ZeroDivisionError, "^division by zero$"),
    ],
)
@pytest.mark.parametrize("wanted", ["work", "Work", "handlers", "aio.work"])
def test_what_goes_wrong_in_a_module_comes_out_as_it_is(
    broken: str, error: type[Exception], said: str, wanted: str
) -> None:
    """However it is asked for, and each time. An `AttributeError` would be taken for
    one of the package's."""
    package_files = files(one_job({}))
    package_files["work.py"] = f"{broken}\n"
    with imported(package_files, {}) as package:
        home, _, name = f"{package.__name__}.{wanted}".rpartition(".")
        for _ in range(2):
            with pytest.raises(error, match=said):
                attrgetter(wanted)(package)
            with pytest.raises(error, match=said):
                exec(f"from {home} import {name}", {})


def test_threads_may_ask_at_the_same_time(package: Unseen) -> None:
    """None sees a module that is half made, and all get the same."""
    script = f"""
import sys, threading
sys.path[:0] = {sys.path!r}
sys.setswitchinterval(1e-6)
import {package.__name__} as package
barrier, found = threading.Barrier(8), []
def look(turn):
    barrier.wait()
    names = package.__all__[turn:] + package.__all__[:turn]
    found.append({{name: getattr(package, name) for name in names}})
threads = [threading.Thread(target=look, args=(9 * turn,)) for turn in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(found) == 8 and all(each == found[0] for each in found)
assert found[0]["vars"].JOB.name == "vars"
"""
    subprocess.run([sys.executable, "-c", script], check=True)
