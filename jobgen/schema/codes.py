"""The code of every diagnostic, so that a misspelt one is a type error.

Stage: every one. Each code has a page in `docs/diagnostics`, which
`jobgen explain` prints.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Code: TypeAlias = Literal[
    "alias",
    "attribute-collision",
    "bad-default",
    "bad-duration",
    "bad-encoding",
    "bad-expression",
    "bad-import",
    "bad-include",
    "bad-key",
    "bad-label",
    "bad-name",
    "bad-output",
    "bad-package",
    "bad-path",
    "bad-type-modifier",
    "bad-value",
    "bad-yaml",
    "class-collision",
    "control-character",
    "delay-above-max",
    "deprecated-default",
    "duplicate-column",
    "duplicate-include",
    "duplicate-index",
    "duplicate-key",
    "duplicate-label",
    "duplicate-name",
    "duplicate-role",
    "empty-enum",
    "empty-file",
    "empty-index",
    "include-cycle",
    "json-index",
    "member-collision",
    "missing-key",
    "missing-value",
    "no-jobs",
    "not-a-mapping",
    "not-unique",
    "nullable-type",
    "out-of-range",
    "python-needs-json",
    "reference-type",
    "refused-type",
    "reserved-column",
    "reserved-name",
    "set-null-not-nullable",
    "several-documents",
    "table-collision",
    "tag",
    "too-deep",
    "too-large",
    "too-long-name",
    "two-defaults",
    "unknown-column",
    "unknown-key",
    "unknown-table",
    "unknown-type",
    "unquoted-comma",
    "unquoted-question-mark",
    "unreadable",
    "unsupported-version",
    "usage",
    "wrong-type",
]

CODES: tuple[Code, ...] = get_args(Code)
"""All of them, in alphabetical order."""
