"""Exceptions of the runtime, and how any exception becomes a row's `last_error`."""

from __future__ import annotations

import traceback

MAX_ERROR_BYTES = 16 * 1024
"""The longest `last_error` that is written; longer texts lose their middle."""

_GAP = "\n… {} bytes left out …\n"


class DecodeError(Exception):
    """A row holds a value that the generated class cannot; the row fails alone."""


def describe(error: BaseException | str) -> str:
    """The text kept of an error: type, message and traceback, fit for PostgreSQL.

    Valid UTF-8 of at most `MAX_ERROR_BYTES`; lone surrogates and U+0000 come out
    as escapes. Never raises, whatever the exception's own methods do.
    """
    text = error if isinstance(error, str) else _formatted(error)
    return shortened(printable(text))


def printable(text: str) -> str:
    """Text that PostgreSQL stores: lone surrogates and U+0000 become escapes."""
    return (
        text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
    )


def shortened(text: str, limit: int = MAX_ERROR_BYTES) -> str:
    """The text in at most `limit` bytes of UTF-8, with its head and tail kept."""
    data = text.encode("utf-8")
    if len(data) <= limit:
        return text
    gap = _GAP.format(len(data))
    half = (limit - len(gap.encode("utf-8"))) // 2
    head = data[:half].decode("utf-8", "ignore")
    tail = data[-half:].decode("utf-8", "ignore")
    left_out = len(data) - len(head.encode("utf-8")) - len(tail.encode("utf-8"))
    return head + _GAP.format(left_out) + tail


def summary(error: BaseException) -> str:
    """Its type and message. Never raises, whatever the exception's own methods do."""
    name = type(error).__name__
    try:
        message = str(error)
    except BaseException as second:  # the handler's own __str__ may do anything
        return f"{name} (its text failed: {type(second).__name__})"
    return f"{name}: {message}" if message else name


def _formatted(error: BaseException) -> str:
    try:
        lines = traceback.format_exception(error)
    except BaseException as second:  # it asks the exception for its text, too
        return f"{type(error).__name__} (its text failed: {type(second).__name__})"
    return f"{summary(error)}\n\n{''.join(lines)}".rstrip()
