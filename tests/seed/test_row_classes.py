"""What handlers get is a frozen dataclass like any other, though it is made quickly."""

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import pytest

import generated_example as jobs
from jobgen.runtime import JobStatus, maker

_NOW: Final = datetime.now(UTC)
_MAIL: Final = jobs.SendMailJob(
    id=1,
    created_at=_NOW,
    updated_at=_NOW,
    status=JobStatus.RUNNING,
    last_error=None,
    attempts_count=1,
    locked_at=_NOW,
    locked_by=uuid4(),
    run_at=_NOW,
    user_id=7,
    email="someone@example.org",
    subject=None,
    kind=jobs.MailKind.WELCOME,
)
_make: Callable[..., jobs.SendMailJob] = maker(jobs.SendMailJob)
"""As no checker allows it: with any arguments."""


def test_it_is_what_its_class_makes() -> None:
    made = _make(**asdict(_MAIL))
    assert type(made) is jobs.SendMailJob
    assert made == _MAIL
    assert (made.id, made.email, made.subject) == (1, "someone@example.org", None)
    assert repr(made) == repr(_MAIL)


def test_it_is_compared_copied_and_kept_by_its_fields() -> None:
    made = _make(**asdict(_MAIL))
    other = replace(made, attempts_count=2)
    assert other != made
    assert (other.attempts_count, other.id) == (2, made.id)
    assert copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == made
    assert hash(made) == hash(copy.copy(made)) == hash(_MAIL)


def test_nothing_can_be_assigned_to_it() -> None:
    made = _make(**asdict(_MAIL))
    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(made)[0].name, 2)
    assert not hasattr(made, "__dict__")


def test_a_field_too_few_or_too_many_is_a_type_error() -> None:
    values = asdict(_MAIL)
    with pytest.raises(TypeError, match=r"unexpected .*'emial'"):
        _make(**values, emial="")
    del values["email"]
    with pytest.raises(TypeError, match=r"missing .*'email'"):
        _make(**values)


def test_fields_may_have_the_names_that_their_maker_uses() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Odd:
        make: int
        object: int
        _object: int
        _object_new: int

    odd = maker(Odd)(make=1, object=2, _object=3, _object_new=4)
    assert odd == Odd(make=1, object=2, _object=3, _object_new=4)


def test_another_class_has_no_maker() -> None:
    class Plain:
        pass

    with pytest.raises(TypeError, match=r"Plain'> is no dataclass"):
        maker(Plain)
