"""Names for what no type checker can see, each with the reason.

Generated packages, and values drawn at random, are there only while the tests run.
That their types are right is shown by test_checkers, which has both checkers look
at packages of every kind.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from jobgen.runtime import JobType

Unseen: TypeAlias = Any
"""A package that a test generates and imports, and what is in it.

Any, because a test takes attributes of it that no type known here has.
"""

Drawn: TypeAlias = Any
"""A value that was drawn, or written down for one of many types of columns.

Any, because whoever handles it goes by the name of the type, as text, and not by
its class: so the functions beside it take what they need.
"""

AnyJob: TypeAlias = JobType[Any, Any, Any]
"""A job whose classes do not matter, or are those of an `Unseen` package.

Any, because `JobType` takes new jobs and gives fetched ones: it is of no use for
object, and those of two packages have no other type in common.
"""
