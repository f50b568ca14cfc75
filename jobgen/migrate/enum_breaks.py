"""What a change of an enum breaks.

Stage: migrate. Pure, a part of `breaks`.
"""

from __future__ import annotations

from collections.abc import Iterator

from jobgen.migrate.codes import Break
from jobgen.migrate.enum_renames import obstacle, renamed_enums, under_new_names
from jobgen.schema.quoting import qualified
from jobgen.schema.tables import Database, EnumType, Table


def broken_labels(where: str, old: EnumType, new: EnumType) -> Iterator[Break]:
    """Of an enum that stays."""
    gone = [label for label in old.labels if label not in new.labels]
    kept = [label for label in new.labels if label in old.labels]
    if gone:
        listed = ", ".join(gone)
        yield Break(
            code="removed-label",
            level="data",
            where=where,
            message=f"PostgreSQL cannot take back the label {gone[0]!r}",
            help=f"keep it, in 'deprecated: [{listed}]'",
            refused=True,
        )
    elif kept != [*old.labels]:
        yield Break(
            code="reordered-labels",
            level="data",
            where=where,
            message="PostgreSQL cannot change the order of labels",
            help=f"write them as they were: {', '.join(old.labels)}",
            refused=True,
        )
    elif len(new.labels) > len(old.labels):
        yield Break(
            code="added-label",
            level="sql",
            where=where,
            message="workers of the previous release fail jobs that have a new label",
            help="deploy the workers before the producers",
        )


def broken_names(old: Database, wanted: Database) -> Iterator[Break]:
    """Of enums that are called otherwise, and of enums and tables that are called as
    one was: a table is a type, too."""
    for name, enum in renamed_enums(old, wanted).items():
        yield _renamed_enum(name, enum, obstacle(old, name))
    taken = {alias.name: alias for alias in under_new_names(old, wanted).aliases}
    parts: tuple[EnumType | Table, ...] = (*wanted.enums, *wanted.tables)
    for part in parts:
        if part.name in taken:
            yield _refused_name(
                qualified(part.schema, part.name),
                f"this is another name of {taken[part.name].type} for processes of an"
                " earlier release",
                "end that first, with 'jobgen migrate new --drop'",
            )


def _renamed_enum(name: str, enum: EnumType, problem: str | None) -> Break:
    where = qualified(enum.schema, enum.name)
    if problem is not None:
        return _refused_name(
            where,
            f"the default of {problem} names '{name}', and may need the type itself",
            "give that column another default first, and rename the enum later",
        )
    return Break(
        code="renamed-enum",
        level="python",
        where=where,
        message=f"'{name}' is called '{enum.name}'",
        help="both names lead to the type, until 'jobgen migrate new --drop'",
    )


def broken_name(where: str, enum: EnumType, old: Database) -> Iterator[Break]:
    """Of a new enum that says what it was called: an enum that stays, too."""
    if enum.renamed_from in {each.name for each in old.enums}:
        yield _refused_name(
            where,
            f"'{enum.renamed_from}' cannot become '{enum.name}' and be there as well",
            "take 'renamed_from' away, or the other enum",
        )


def _refused_name(where: str, message: str, help: str) -> Break:
    return Break(
        code="renamed-enum",
        level="sql",
        where=where,
        message=message,
        help=help,
        refused=True,
    )
