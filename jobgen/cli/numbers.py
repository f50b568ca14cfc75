"""Numbers on a command line: what argparse is to call for an argument's text.

Each raises `ArgumentTypeError`, which argparse shows as a mistake in the usage.
"""

from __future__ import annotations

import argparse


def positive_int(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError("must be a whole number, at least 1")
    return int(text)


def seconds(text: str) -> float:
    """From 0 to a million; neither NaN, which no time is ever past, nor infinity."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < 1e6:
        raise argparse.ArgumentTypeError("must be a number of seconds, such as 1.5")
    return value
