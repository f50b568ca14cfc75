"""The labels of an enum, as the defaults of columns are looked up in them.

Stage: schema. Made once for each enum: thousands of columns may have the same one,
and an enum thousands of labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jobgen.schema.guesses import Words
from jobgen.schema.model import Label


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Each label, in order, with whether it is deprecated; `words` are for guesses."""

    deprecated: Mapping[str, bool]
    words: Words

    @staticmethod
    def of(labels: Iterable[Label]) -> Labels:
        deprecated = {label.text: label.deprecated for label in labels}
        return Labels(deprecated, Words.of(deprecated))


NO_LABELS = Labels.of(())
