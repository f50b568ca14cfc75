"""What every measurement needs: the server, the environments, filled databases."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.dialogue import AdapterProcess, started
from benchmarks.environments import Environment, Made, Python, make
from benchmarks.server import Database, Server
from benchmarks.sizes import Sizes
from benchmarks.subject import Subject


@dataclass(slots=True, kw_only=True)
class Bench:
    """One run."""

    server: Server
    python: Python
    sizes: Sizes
    _made: dict[str, Made] = field(default_factory=dict[str, Made])

    def can_run(self, subject: Subject) -> bool:
        """Whether the subject runs on this Python."""
        return self.python.version >= subject.environment.python

    def environment(self, environment: Environment) -> Made:
        """The environment, made when it is first asked for."""
        if environment.name not in self._made:
            self._made[environment.name] = make(environment, self.python)
        return self._made[environment.name]

    @contextmanager
    def process(self, subject: Subject) -> Generator[AdapterProcess]:
        """A new process of the subject's adapter."""
        made = self.environment(subject.environment)
        with started(
            made.executable, subject.module, subject.options, self.sizes.patience
        ) as process:
            yield process

    @contextmanager
    def empty(self, subject: Subject) -> Generator[Database]:
        """A database with the subject's tables, for one sample."""
        with self.server.fresh(self._installed(subject)) as database:
            yield database

    @contextmanager
    def filled(self, subject: Subject, count: int) -> Generator[Database]:
        """The same with `count` jobs that are ready, analysed."""
        name = f"filled_{subject.template}_{'_'.join(subject.options)}_{count}"
        if not self.server.exists(name):
            database = self.server.copy(self._installed(subject), name)
            with self.process(subject) as process:
                process.ask("bulk", dsn=database.url, count=count, batch=subject.batch)
            with database.connect() as conn:
                conn.execute("VACUUM ANALYZE")
        with self.server.fresh(name) as database:
            yield database

    def _installed(self, subject: Subject) -> str:
        name = f"installed_{subject.template}"
        if not self.server.exists(name):
            database = self.server.copy("template1", name)
            with self.process(subject) as process:
                process.ask("install", dsn=database.url)
            with database.connect() as conn:
                conn.execute("CREATE EXTENSION pg_stat_statements")
        return name
