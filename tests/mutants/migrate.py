"""Breakages of migrations."""

from __future__ import annotations

from typing import Final

from tests.mutants.runner import Mutant

_APPLY: Final = "tests/migrate/test_apply.py"
_CLAIMS: Final = "tests/migrate/test_claims.py"
_COMMANDS: Final = "tests/migrate/test_commands.py"
_RETYPE: Final = "tests/migrate/test_retype.py"
_ENUMS: Final = "tests/migrate/test_enum_renames.py"
_COSTS: Final = "test_a_step_costs_what_the_plan_says"

MIGRATE: Final = (
    Mutant(
        name="check-reads-under-its-lock",
        file="jobgen/migrate/alter.py",
        old='CHECK ({check.expression}) NOT VALID"',
        new='CHECK ({check.expression})"',
        test=_CLAIMS,
        only=_COSTS,
    ),
    Mutant(
        name="volatile-default-at-once",
        file="jobgen/migrate/defaults.py",
        old="    return text.lower() in _STABLE or _CONSTANT.fullmatch(text) is not None\n",
        new="    return True\n",
        test=_CLAIMS,
        only=_COSTS,
    ),
    Mutant(
        name="other-table-of-a-reference",
        file="jobgen/migrate/alter.py",
        old="    lock, target = Lock.ACCESS_EXCLUSIVE, qualified(key.schema, key.table)\n",
        new="    lock, target = Lock.ACCESS_EXCLUSIVE, table\n",
        test=_CLAIMS,
        only=_COSTS,
    ),
    Mutant(
        name="rule-without-a-look",
        file="jobgen/migrate/rules.py",
        old="    yield from _look(name, table, every, keys)\n",
        new="",
        test=_APPLY,
        only="test_rows_that_break_a_rule_are_named_and_mended_by_hand",
    ),
    Mutant(
        name="fill-waits-for-rows",
        file="templates/migrate/fill.jinja",
        old=" SKIP LOCKED",
        new="",
        test=_APPLY,
        only="test_a_row_in_hand_is_filled_later",
    ),
    Mutant(
        name="build-gives-up",
        file="jobgen/migrate/builds.py",
        old="        scans=True,\n        patient=True,\n",
        new="        scans=True,\n",
        test=_APPLY,
        only="test_a_concurrent_build_waits_for_an_old_transaction",
    ),
    Mutant(
        name="second-column-without-a-trigger",
        file="jobgen/migrate/retype.py",
        old="            *alter.create_sync(name, table.schema, copies),\n",
        new="",
        test=_RETYPE,
        only="test_what_is_written_between_its_steps_is_kept",
    ),
    Mutant(
        name="second-column-without-rights",
        file="jobgen/migrate/retype.py",
        old="if column.name in grant.columns",
        new="if not grant.columns",
        test=_CLAIMS,
        only=_COSTS,
    ),
    Mutant(
        name="second-column-of-other-values",
        file="jobgen/migrate/retype.py",
        old="    yield _compared(table, column, second)\n",
        new="",
        test=_RETYPE,
        only="test_a_column_that_got_other_values_does_not_take_its_place",
    ),
    Mutant(
        name="copies-before-other-triggers",
        file="jobgen/migrate/retype.py",
        old='name = f"zzz_{second}"',
        new="name = second",
        test=_RETYPE,
        only="test_what_a_trigger_of_others_gives_the_column_is_kept",
    ),
    Mutant(
        name="capitals-of-a-check",
        file="jobgen/migrate/mentions.py",
        old="re.search(word, expression, re.IGNORECASE)",
        new="re.search(word, expression)",
        test=_RETYPE,
        only="test_a_check_finds_its_column_in_capitals",
    ),
    Mutant(
        name="adopted-triggers-of-others",
        file="jobgen/migrate/adoption.py",
        old="wanted.notifications if live.notifications == wanted.notifications else None",
        new="wanted.notifications",
        test="tests/migrate/test_adoption.py",
        only="test_a_table_of_ihps_gains_what_a_worker_needs",
    ),
    Mutant(
        name="order-of-the-previous-release",
        file="jobgen/migrate/target.py",
        old="        indexes=(*_indexes(old, wanted, going), *wanted.indexes),\n",
        new="",
        test=_COMMANDS,
        only="test_each_release_finds_its_next_row_by_an_index",
    ),
    Mutant(
        name="keyword-of-a-trigger",
        file="jobgen/migrate/renames.py",
        old="old=quoted_identifier(old)",
        new="old=old",
        test=_CLAIMS,
        only=_COSTS,
    ),
    Mutant(
        name="variables-before-columns",
        file="templates/migrate/look.jinja",
        old="#variable_conflict use_column\n",
        new="",
        test=_APPLY,
        only="test_columns_may_have_the_names_that_the_steps_use",
    ),
    Mutant(
        name="retired-and-in-the-way",
        file="jobgen/migrate/target.py",
        old="not_null=column.not_null and column.default is not None)",
        new="not_null=column.not_null)",
        test=_COMMANDS,
        only="test_a_column_that_goes_stays_until_it_is_dropped",
    ),
    Mutant(
        name="checksum-of-a-name",
        file="jobgen/migrate/chain.py",
        old='f"{before}\\0{name}\\0{text}"',
        new='f"{before}\\0{name}"',
        test=_COMMANDS,
        only="test_files_that_are_not_as_they_were_written_are_not_applied",
    ),
    Mutant(
        name="copy-of-a-null",
        file="templates/migrate/sync.jinja",
        old=" OR NEW.{{ new }} IS NULL THEN",
        new=" THEN",
        test=_APPLY,
        only="test_a_row_that_is_not_filled_yet_keeps_its_value",
    ),
    Mutant(
        name="drift-in-words-of-the-user",
        file="jobgen/migrate/spelling.py",
        old="    tables = tuple(_respelt(table, by_name) for table in wanted.tables)\n",
        new="    tables = wanted.tables if by_name else ()\n",
        test="tests/migrate/test_catalogue.py",
        only="test_a_golden_schema_comes_back",
    ),
    Mutant(
        name="renamed-enum-without-its-old-name",
        file="jobgen/migrate/enum_renames.py",
        old="        yield alter.create_alias(_alias(home, name, enum))\n",
        new="",
        test=_ENUMS,
        only="test_each_release_finds_the_enum_by_its_name",
    ),
    Mutant(
        name="renamed-enum-with-old-triggers",
        file="jobgen/migrate/enum_renames.py",
        old="    yield from _bodies(old, under_new_names(old, new))\n",
        new="",
        test=_ENUMS,
        only="test_a_column_that_is_being_renamed_keeps_its_two_names",
    ),
    Mutant(
        name="old-name-of-an-enum-has-a-new-meaning",
        file="jobgen/migrate/enum_breaks.py",
        old="        if part.name in taken:\n",
        new="        if not part.name:\n",
        test=_ENUMS,
        only="test_the_old_name_is_free_when_it_is_dropped",
    ),
    Mutant(
        name="default-needs-the-enum-itself",
        file="jobgen/migrate/enum_renames.py",
        old="            if not is_instant(default) and mentions(",
        new="            if not is_instant(default) and not mentions(",
        test=_ENUMS,
        only="test_a_name_that_is_not_that_of_the_enum_alone_is_refused",
    ),
    Mutant(
        name="worker-starts-without-the-old-name",
        file="jobgen/runtime/needs.py",
        old="        return type == self.type or type in self.aliases\n",
        new="        return type == self.type\n",
        test=_ENUMS,
        only="test_a_worker_of_the_previous_release_starts",
    ),
)
