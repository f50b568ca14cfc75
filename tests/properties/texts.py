"""Texts that try to be something else than data."""

from __future__ import annotations

from hypothesis import strategies as st

_FRAGMENTS = (
    '"', "'", '"""', "'''", "\\", "\\\\", "\\n", "\\x22", "\\N{BULLET}", "$$",
    "$jobgen$", "$1", "%", "%s", "%(x)s", "{}", "{{ x }}", "{% if %}", "{# x #}",
    "\n", "\n\n", "\r", "\r\n", "\t", " ", "*/", "/*", "--", ";", "#", "# noqa",
    "\u200b", "\u200f", "\u061c", "\u00ad", "\u3000", "🙂", "\U0001f469\u200d\U0001f4bb", "é", "ß", "İ",
    "BEGIN;", "COMMIT;", "END", "\\.", "NULL", "null", "~", "yes", "0x10", "::text",
    "E'", "U&'", "`", "@", "!tag", "&anchor", "*alias", "- ", "? ", ": ", "]]>", "</",
    "import os", "def f():", "a" * 90, "word " * 20,
)  # fmt: skip

HIDDEN = "\x7f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ufffe\uffff"
"""What no schema may contain, beside the controls."""

_CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=HIDDEN)
_PARTS = st.one_of(st.sampled_from(_FRAGMENTS), st.text(_CHARACTERS, max_size=8))


def texts(longest: int = 400) -> st.SearchStrategy[str]:
    """A text of at most `longest` characters that a schema may contain."""
    return st.lists(_PARTS, max_size=6).map(lambda parts: "".join(parts)[:longest])


def docs() -> st.SearchStrategy[str]:
    """A paragraph: something of it shows."""
    return st.builds("{}{}{}".format, texts(), st.sampled_from("a.\"'\\%é🙂"), texts())


def labels() -> st.SearchStrategy[str]:
    """A label of an enum: at most 63 bytes, and something left of it in Python."""
    return st.builds(_label, texts(20), st.sampled_from("aZ09"), texts(20))


def _label(before: str, kept: str, after: str) -> str:
    text = before.encode()[:30].decode(errors="ignore") + kept
    return text + after.encode()[:30].decode(errors="ignore")


def conditions() -> st.SearchStrategy[str]:
    """An SQL expression that is true, with a hostile constant in it."""
    return texts(60).flatmap(
        lambda text: st.sampled_from(_constants(text.replace("\r", ""))).map(
            lambda constant: f"{constant} IS NOT NULL"
        )
    )


def _constants(text: str) -> list[str]:
    """Ways to write `text` in SQL."""
    doubled = text.replace("'", "''")
    found = [f"'{doubled}'::text", "E'" + doubled.replace("\\", "\\\\") + "'"]
    if "$" not in text:
        found += [f"$${text}$$::text", f"$tag${text}$tag$"]
    return found
