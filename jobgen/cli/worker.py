"""`jobgen worker MODULE:HANDLERS`: finds the handlers and runs them.

An error inside the user's own module shows the user's traceback; everything
else is one line on standard error and exit status 2.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Final

import psycopg

from jobgen.cli import database
from jobgen.cli.numbers import positive_int, seconds
from jobgen.cli.unreachable import reason
from jobgen.runtime import Handlers, RefusedError, Worker
from jobgen.runtime.loop import run_on_own_loop

_THREADS_END_SECONDS: Final = 0.2
"""How long idle threads of a closed event loop may take to end."""


class _UsageError(Exception):
    """The command line cannot be carried out; the text is for the user."""


class _ImportFailedError(Exception):
    """The user's module raised an error; its traceback has been printed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `jobgen worker` takes."""
    parser.add_argument("handlers", metavar="MODULE:HANDLERS", nargs="?")
    parser.add_argument(
        "--dsn",
        default=None,
        help="the database (default: DATABASE_URL, then libpq's PG* variables)",
    )
    parser.add_argument(
        "--only",
        metavar="JOB",
        nargs="+",
        action="extend",
        help="run these jobs alone",
    )
    parser.add_argument(
        "--concurrency",
        metavar="N",
        type=positive_int,
        help="handlers at once in this process, over all jobs",
    )
    parser.add_argument(
        "--processes",
        metavar="N",
        type=positive_int,
        default=1,
        help="worker processes; one that dies is replaced (1)",
    )
    parser.add_argument(
        "--grace",
        metavar="SECONDS",
        type=seconds,
        default=30.0,
        help="how long a shutdown waits for handlers (30)",
    )
    parser.add_argument(
        "--poll-interval",
        metavar="SECONDS",
        type=seconds,
        default=1.0,
        help="how often to look for rows that no notification announced (1)",
    )
    parser.add_argument(
        "--no-listen",
        action="store_true",
        help="poll only, as behind a transaction pooler",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the worker until it is stopped: 0, or 2 where it cannot start."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if arguments.processes == 1:
        status = _run_here(arguments, lambda: None, unreachable=2)
        if status == 0:
            _end_process(0)
        return status
    if sys.platform == "win32":
        return _refuse("--processes needs fork, which this system does not have")
    from jobgen.cli import processes

    child = partial(_run_here, arguments, unreachable=processes.UNREACHABLE)
    return processes.run(arguments.processes, child)


def _run_here(
    arguments: argparse.Namespace, ready: Callable[[], None], *, unreachable: int
) -> int:
    """Run one worker in this process; `ready` is called once it is made.

    Returns 0; 2 where it refuses to start; `unreachable` where no server answers.
    """
    dsn = database.named(arguments)
    try:
        path, only = _named(arguments)
        handlers = _load(path)
        if dsn is None:
            raise _UsageError(database.UNNAMED)
        worker = _worker(arguments, dsn, handlers, only)
        ready()
        run_on_own_loop(worker.run())
    except _ImportFailedError:
        return 2
    except (_UsageError, RefusedError) as error:
        return _refuse(str(error))
    except (psycopg.Error, OSError, TimeoutError) as error:
        _refuse(reason(error, dsn))
        return unreachable
    return 0


def _worker(
    arguments: argparse.Namespace, dsn: str, handlers: Handlers, only: list[str] | None
) -> Worker:
    try:
        return Worker(
            dsn,
            handlers,
            only=only,
            concurrency=arguments.concurrency,
            listen=not arguments.no_listen,
            poll_interval=arguments.poll_interval,
            grace=arguments.grace,
        )
    except ValueError as error:  # such as a name in --only that is no job
        raise _UsageError(str(error)) from error


def _named(arguments: argparse.Namespace) -> tuple[str, list[str] | None]:
    """MODULE:HANDLERS and the jobs: `--only` takes all that follows it, but no job
    has a colon in its name."""
    given: str | None = arguments.handlers
    words: list[str] = arguments.only or []
    jobs = [word for word in words if ":" not in word]
    paths = [] if given is None else [given]
    paths += [word for word in words if ":" in word]
    if not paths:
        raise _UsageError("name the handlers, such as examples.worker:handlers")
    if len(paths) > 1:
        raise _UsageError(f"{' and '.join(paths)}: name the handlers once")
    if words and not jobs:
        raise _UsageError(f"--only names no job: write one between it and {paths[0]}")
    return paths[0], jobs or None


def _refuse(message: str) -> int:
    print(f"jobgen worker: {message}", file=sys.stderr)
    return 2


def _load(path: str) -> Handlers:
    """The handlers that `MODULE:HANDLERS` names, the current directory importable."""
    module_name, colon, attribute = path.partition(":")
    parts = (*module_name.split("."), attribute)
    if not colon or module_name == "__main__" or not all(map(str.isidentifier, parts)):
        raise _UsageError(
            f"{path!r} is not MODULE:HANDLERS, such as examples.worker:handlers"
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    module = _import(module_name)
    found = _attribute(module, attribute)
    if not isinstance(found, Handlers):
        raise _UsageError(
            f"{path} is {type(found).__name__}, not what a generated package's"
            " handlers() returns"
        )
    return found


def _import(name: str) -> ModuleType:
    """The module; an error of its own, or of a package above it, is the user's."""
    try:
        if not _exists(name):
            raise _UsageError(f"there is no module {name} (looked in {Path.cwd()} too)")
        return importlib.import_module(name)
    except _UsageError:
        raise
    except (Exception, SystemExit) as error:
        raise _failed(name, error) from error


def _failed(name: str, error: BaseException) -> _ImportFailedError:
    """Shows the traceback of the user's error."""
    print(f"jobgen worker: importing {name} failed:", file=sys.stderr)
    traceback.print_exception(error.with_traceback(_of_user(error)))
    return _ImportFailedError()


def _of_user(error: BaseException) -> TracebackType | None:
    """The traceback from the user's first line on; None where no line of it ran."""
    at = error.__traceback__
    while at is not None and _is_ours(at.tb_frame.f_code.co_filename):
        at = at.tb_next
    return at


def _is_ours(file: str) -> bool:
    return file == __file__ or file.startswith(("<frozen", importlib.__file__))


def _attribute(module: ModuleType, name: str) -> object:
    """A module may have a `__getattr__` of its own, and that its own errors."""
    try:
        found: object = getattr(module, name)
    except AttributeError:
        raise _UsageError(
            f"the module {module.__name__} has no {name}{_others(module)}"
        ) from None
    except (Exception, SystemExit) as error:
        raise _failed(module.__name__, error) from error
    return found


def _others(module: ModuleType) -> str:
    """The handlers that the module has, in place of a name that it has not."""
    found = [
        name for name, value in vars(module).items() if isinstance(value, Handlers)
    ]
    return f"; its handlers are {', '.join(found)}" if found else ""


def _exists(module: str) -> bool:
    """Whether the module can be found. Imports the packages above it."""
    parent, _, _ = module.rpartition(".")
    if parent:
        if not _exists(parent):
            return False
        if not hasattr(importlib.import_module(parent), "__path__"):
            return False
    return importlib.util.find_spec(module) is not None


def _end_process(status: int) -> None:
    """Leave at once where a handler's thread would be waited for, for ever."""
    deadline = time.monotonic() + _THREADS_END_SECONDS
    stray: list[threading.Thread] = []
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                stray.append(thread)
    if stray:
        print(
            f"jobgen worker: {len(stray)} threads of handlers still run: ended with"
            " the process",
            file=sys.stderr,
        )
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
