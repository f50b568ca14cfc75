"""Where jobgen finds what it reads besides its own code.

Installed, that lies within the package. In a checkout it lies at the top, where
people read it, and so it does for an editable install, which is a path and nothing
more: type checkers follow a path, and no import hook.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent


def templates() -> Path:
    """The layout of everything that jobgen writes."""
    return _directory("templates", _CHECKOUT / "templates")


def pages() -> Path:
    """What `explain` prints of diagnostics, a file for each code."""
    return _directory("pages", _CHECKOUT / "docs" / "diagnostics")


def breaks() -> Path:
    """What `explain` prints of that which a migration may break."""
    return _directory("breaks", _CHECKOUT / "docs" / "breaks")


def _directory(installed: str, checkout: Path) -> Path:
    within = _PACKAGE / installed
    return within if within.is_dir() else checkout
