"""How much the property tests look at, and from which seed.

Each test says how many examples it wants in `ci`, by what one costs; a round of
`make soak` looks at four times as many. Every process of a run starts from the
same seed, which is chosen at random and said at the end.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, settings

_OPTION = "hypothesis_seed"
_SOAK = 4


def choose(config: pytest.Config) -> None:
    """The profile and the seed; to be called before hypothesis reads its options."""
    usual = settings(
        deadline=None,  # other processes use the machine too
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        print_blob=True,
    )
    settings.register_profile("ci", usual, max_examples=100)
    settings.register_profile("soak", usual, max_examples=100 * _SOAK)
    settings.load_profile("ci")
    if getattr(config.option, _OPTION, None) is None:
        setattr(config.option, _OPTION, str(random.getrandbits(32)))


def seed(config: pytest.Config) -> str:
    """The seed of the run."""
    return str(getattr(config.option, _OPTION))


def seed_line(config: pytest.Config) -> str:
    """What to say at the end of a run."""
    return f"property tests: repeat this run with --hypothesis-seed={seed(config)}"


def examples(number: int) -> settings:
    """`number` examples in `ci`, as many more as the profile says."""
    return settings(max_examples=number * settings().max_examples // 100)
