"""What the golden package `typed_json` names: a class and a function of a user's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from jobgen.runtime import JsonValue


@dataclass(frozen=True, slots=True)
class Money:
    """An amount that never loses its currency."""

    amount: Decimal
    currency: str

    @classmethod
    def from_json(cls, value: JsonValue) -> Money:
        match value:
            case {"amount": str(amount), "currency": str(currency)}:
                return cls(Decimal(amount), currency)
            case _:
                raise ValueError(f"{value!r} is no amount of money")

    def to_json(self) -> Mapping[str, str]:
        return {"amount": str(self.amount), "currency": self.currency}


def rate(value: JsonValue) -> Decimal:
    """A rate that was written as a text, which keeps its digits."""
    return Decimal(str(value))
