"""A schema split over several files, which stand in memory here."""

from __future__ import annotations

from jobgen.schema.load import Loaded, load_schema
from jobgen.schema.source import MAX_BYTES
from tests.schema.memory import Memory

_ROOT = "jobgen: 1\npackage: app_jobs\noutput: ../app_jobs\n"
_JOBS = "jobs: {first: {columns: {}}}\n"


def load(root: str, **files: str) -> Loaded:
    """Loads `root` as s/root.yaml; `a_b` stands for the file s/a/b.yaml."""
    paths = {f"s/{name.replace('_', '/')}.yaml": text for name, text in files.items()}
    memory = Memory({path: text.encode() for path, text in paths.items()})
    data = (_ROOT + root).encode()
    loaded = load_schema(data, "s/root.yaml", memory, identity="s/root.yaml")
    assert len(memory.reads) == len(set(memory.reads)), "a file was read twice"
    return loaded


def found(root: str, **files: str) -> list[str]:
    """What is wrong, as `file:line:column code`, in the order of the report."""
    return [
        f"{each.span.source}:{each.span.start.line}:{each.span.start.column} {each.code}"
        for each in load(root, **files).diagnostics
    ]


def names(loaded: Loaded) -> tuple[list[str], list[str]]:
    """Enums and jobs, in order."""
    schema = loaded.schema
    assert schema is not None, loaded.diagnostics
    return [enum.name for enum in schema.enums], [job.name for job in schema.jobs]


def job(name: str, column: str = "text") -> str:
    return f"jobs: {{{name}: {{columns: {{c: {column}}}}}}}\n"


def test_enums_and_jobs_of_all_files_are_one_schema() -> None:
    """The root's first, then each file before those that it includes itself."""
    loaded = load(
        "enums: {hue: [red]}\ninclude: [a.yaml, b.yaml]\n" + _JOBS,
        a="jobgen: 1\ninclude: [sub/c.yaml]\n" + job("of_a", "kind"),
        sub_c="enums: {tone: [low]}\n" + job("of_c", "hue"),
        b="enums: {kind: [x]}\n" + job("of_b", "tone"),
    )
    assert loaded.diagnostics == ()
    expected = ["hue", "tone", "kind"], ["first", "of_a", "of_c", "of_b"]
    assert names(loaded) == expected
    assert list(loaded.texts) == ["s/root.yaml", "s/a.yaml", "s/sub/c.yaml", "s/b.yaml"]
    assert loaded.texts["s/sub/c.yaml"].startswith("enums: {tone")


def test_paths_are_relative_to_the_including_file() -> None:
    """Wherever that lies."""
    loaded = load(
        "include: [sub/a.yaml]\n" + _JOBS,
        sub_a="include: [b.yaml, ../c.yaml]\n",
        sub_b=job("of_b"),
        c=job("of_c"),
    )
    assert names(loaded)[1] == ["first", "of_b", "of_c"]


def test_the_same_schema_in_one_file_or_several_is_the_same() -> None:
    """Nothing that is made tells how it was split."""
    whole = load(f"enums: {{k: [x]}}\n{_JOBS[:-2]}, second: {{columns: {{c: k}}}}}}\n")
    split = load(
        "include: [a.yaml]\n" + _JOBS, a="enums: {k: [x]}\n" + job("second", "k")
    )
    assert split.schema == whole.schema


def test_defaults_of_the_root_hold_for_included_jobs() -> None:
    """As for its own."""
    loaded = load(
        "defaults: {max_attempts: 3}\ninclude: [a.yaml]\njobs: {}\n", a=job("of_a")
    )
    assert loaded.schema is not None
    assert [each.max_attempts for each in loaded.schema.jobs] == [3]


def test_what_is_the_schema_s_alone_stands_in_its_root() -> None:
    """Every other key is pointed at where it stands, with the file to move it to."""
    loaded = load(
        "include: [a.yaml]\n" + _JOBS,
        a="package: x\ndefaults: {}\nenum: {}\n" + job("of_a"),
    )
    assert [
        (each.span.source, each.span.start.line) for each in loaded.diagnostics
    ] == [
        ("s/a.yaml", 1),
        ("s/a.yaml", 2),
        ("s/a.yaml", 3),
    ]
    assert loaded.diagnostics[0].help == "write it in s/root.yaml"
    assert loaded.diagnostics[2].help == "did you mean 'enums'?"


def test_a_file_is_included_once() -> None:
    """However its path is written, and by whatever file; the first is named."""
    loaded = load(
        "include: [a.yaml, sub/b.yaml, ./a.yaml]\n" + _JOBS,
        a=job("of_a"),
        sub_b="include: [../a.yaml]\n",
    )
    assert [(each.code, each.span.source) for each in loaded.diagnostics] == [
        ("duplicate-include", "s/root.yaml"),
        ("duplicate-include", "s/sub/b.yaml"),
    ]
    assert "the first is in s/root.yaml, line 4" in loaded.diagnostics[1].message


def test_a_cycle_is_reported_where_it_closes() -> None:
    """With the way around."""
    loaded = load(
        "include: [a.yaml]\n" + _JOBS,
        a="include: [b.yaml]\n",
        b="include: [a.yaml, root.yaml, b.yaml]\n",
    )
    assert [each.code for each in loaded.diagnostics] == ["include-cycle"] * 3
    assert {each.span.source for each in loaded.diagnostics} == {"s/b.yaml"}
    assert [each.message for each in loaded.diagnostics] == [
        "this file is included by itself: s/a.yaml → s/b.yaml → s/a.yaml",
        "this file is included by itself:"
        " s/root.yaml → s/a.yaml → s/b.yaml → s/root.yaml",
        "this file includes itself",
    ]


def test_two_files_cannot_hold_the_same_name() -> None:
    """The later one is wrong, and names the place of the first."""
    loaded = load(
        "enums: {kind: [x]}\ninclude: [a.yaml, b.yaml]\n" + _JOBS,
        a="\n" + job("first"),
        b="enums:\n  kind: [y]\n" + job("of_b"),
    )
    assert [(each.code, each.span.source) for each in loaded.diagnostics] == [
        ("duplicate-name", "s/a.yaml"),
        ("duplicate-name", "s/b.yaml"),
    ]
    jobs, enums = loaded.diagnostics
    assert jobs.message == "there is a job 'first' in s/root.yaml, line 6"
    assert enums.message == "there is an enum 'kind' in s/root.yaml, line 4"


def test_mistakes_stand_in_their_file_and_the_root_comes_first() -> None:
    """Not in the order of the alphabet."""
    assert found(
        "include: [a.yaml, b.yaml, 0.yaml]\njobs: {x: {columns: {c: txt}}}\n",
        a=job("of_a", "bigin"),
        b="jobs: {of_b: {}}\n",
        **{"0": "job: {}\n"},
    ) == [
        "s/root.yaml:5:25 unknown-type",
        "s/a.yaml:1:28 unknown-type",
        "s/b.yaml:1:8 missing-key",
        "s/0.yaml:1:1 unknown-key",
    ]


def test_names_that_meet_meet_across_files() -> None:
    """Classes and tables of all files live in one package and one database."""
    assert found(
        "include: [a.yaml]\njobs: {send: {columns: {}}}\n",
        a="enums: {send: [x]}\njobs: {s: {columns: {}, table: send_jobs}}\n",
    ) == ["s/root.yaml:5:8 class-collision", "s/a.yaml:2:32 table-collision"]


def test_a_file_that_is_missing_hides_nothing_but_its_enums() -> None:
    """Types that it may have held are not called unknown; the rest is judged."""
    loaded = load(
        "include: [gone.yaml, a.yaml]\njobs: {x: {columns: {k: kind, n: 'varchar(0)'}}}\n",
        a="jobs: {y: {columns: {id: text}}}\n",
    )
    assert [(each.code, each.span.source) for each in loaded.diagnostics] == [
        ("bad-include", "s/root.yaml"),
        ("bad-type-modifier", "s/root.yaml"),
        ("reserved-column", "s/a.yaml"),
    ]
    assert loaded.diagnostics[0].message == "there is no file s/gone.yaml"
    assert loaded.texts["s/gone.yaml"] == ""


def test_a_file_that_cannot_be_read_brings_no_follow_up() -> None:
    """One cause, one diagnostic, in the file or at the entry."""
    use = "jobs: {x: {columns: {k: kind}}}\n"
    for text, code in (
        ("enums: [", "bad-yaml"),
        ("", "empty-file"),
        ("text", "not-a-mapping"),
        ("jobgen: 2\nanything: 1\n", "unsupported-version"),
        ("enums: \x00", "control-character"),
        ("[" * 100, "too-deep"),
    ):
        loaded = load("include: [a.yaml]\n" + use, a=text)
        assert [(each.code, each.span.source) for each in loaded.diagnostics] == [
            (code, "s/a.yaml")
        ]


def test_an_entry_is_a_relative_path_that_means_the_same_everywhere() -> None:
    """And a list of such is all that the key takes."""
    text = 'include: [/etc/passwd, "C:/x", "a\\\\b", ~/x, {a: b}, [x]]\n'
    codes = [each.split()[1] for each in found(text + _JOBS)]
    assert codes == ["bad-path"] * 4 + ["wrong-type"] * 2
    assert found("include: a.yaml\n" + _JOBS) == ["s/root.yaml:4:10 wrong-type"]


def test_a_schema_without_a_job_in_any_file_is_an_error() -> None:
    """Said once, at the root."""
    assert found("include: [a.yaml]\njobs: {}\n", a="jobs: {}\n") == [
        "s/root.yaml:5:7 no-jobs"
    ]


def test_a_long_chain_of_files_costs_no_recursion() -> None:
    """Two thousand files, each including the next."""
    files = {str(n): f"include: [{n + 1}.yaml]\n" for n in range(2000)}
    files["2000"] = job("last")
    loaded = load("include: [0.yaml]\n" + _JOBS, **files)
    assert names(loaded)[1] == ["first", "last"]


def test_all_files_together_are_bounded() -> None:
    """As one file would be."""
    filler = "# " + "x" * (MAX_BYTES // 2) + "\n"
    [problem] = load(
        "include: [a.yaml, b.yaml]\n" + _JOBS,
        a=filler + job("of_a"),
        b=filler + job("of_b"),
    ).diagnostics
    assert (problem.code, problem.span.source) == ("too-large", "s/root.yaml")
