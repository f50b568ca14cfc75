"""Golden cases: a directory each, with a schema and what jobgen says of it.

`make golden` writes what is expected anew; read the diff before you commit it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from jobgen.cli.main import main

ERRORS = Path(__file__).parent / "golden" / "errors"
CASES = sorted(path.name for path in ERRORS.iterdir() if path.is_dir())


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_explained(
    case: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    rewrite_golden: bool,
) -> None:
    """The diagnostics of a wrong schema are those in stderr.txt."""
    monkeypatch.chdir(ERRORS / case)
    code = main(["build", "schema.yaml"])
    out, err = capsys.readouterr()
    expected = Path("stderr.txt")
    if rewrite_golden:
        expected.write_text(err, encoding="utf-8", newline="\n")
    assert code == 2
    assert out == ""
    assert err == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_a_case_has_its_two_files_and_what_they_include(case: str) -> None:
    """A file that no test reads would look like something that is tested."""
    files = {
        path.name: path.read_text("utf-8", "replace")
        for path in (ERRORS / case).iterdir()
    }
    assert {"schema.yaml", "stderr.txt"} <= set(files)
    for name in set(files) - {"schema.yaml", "stderr.txt"}:
        assert any(name in text for other, text in files.items() if other != name)
