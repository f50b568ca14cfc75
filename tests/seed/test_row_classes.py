"""What handlers get is a frozen dataclass like any other, though it is made quickly."""

import copy
import pickle
import re
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, dataclass, fields, replace
from datetime import UTC, datetime
from inspect import signature
from typing import Final
from uuid import uuid4

import pytest

import generated_example as jobs
from jobgen.runtime import JobStatus, quick_init

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
_make: Callable[..., jobs.SendMailJob] = jobs.SendMailJob  # as no checker allows it


def test_every_field_has_what_was_given() -> None:
    values = asdict(_MAIL)
    assert list(values) == [field.name for field in fields(jobs.SendMailJob)]
    assert _make(**values) == _MAIL
    assert (_MAIL.id, _MAIL.email, _MAIL.subject) == (1, "someone@example.org", None)


def test_it_is_compared_copied_and_kept_by_its_fields() -> None:
    other = replace(_MAIL, attempts_count=2)
    assert other != _MAIL
    assert (other.attempts_count, other.id) == (2, _MAIL.id)
    assert copy.deepcopy(_MAIL) == pickle.loads(pickle.dumps(_MAIL)) == _MAIL
    assert hash(_MAIL) == hash(copy.copy(_MAIL))
    assert "email='someone@example.org'" in repr(_MAIL)


def test_nothing_can_be_assigned_to_it() -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(_MAIL, fields(_MAIL)[0].name, 2)
    assert not hasattr(_MAIL, "__dict__")


def test_a_field_too_few_or_too_many_is_a_type_error() -> None:
    values = asdict(_MAIL)
    name = re.escape("SendMailJob.__init__()")
    with pytest.raises(TypeError, match=f"{name} .*unexpected .*'emial'"):
        _make(**values, emial="")
    del values["email"]
    with pytest.raises(TypeError, match=f"{name} missing .*'email'"):
        _make(**values)
    with pytest.raises(TypeError, match=f"{name} takes 1 positional argument"):
        _make(1)


def test_its_constructor_names_the_fields() -> None:
    names = [field.name for field in fields(jobs.SendMailJob)]
    assert list(signature(jobs.SendMailJob).parameters) == names


def test_fields_may_have_the_names_that_a_constructor_uses() -> None:
    @quick_init
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Odd:
        self: int
        cls: int
        set_self: int

    odd = Odd(self=1, cls=2, set_self=3)
    assert (odd.self, odd.cls, odd.set_self) == (1, 2, 3)


def test_another_class_is_refused() -> None:
    class Plain:
        pass

    with pytest.raises(TypeError, match="Plain is no dataclass"):
        quick_init(Plain)
