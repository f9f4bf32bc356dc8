"""The words of the interface: those of `engine.i18n`, and how a count goes with its noun."""

from __future__ import annotations

from engine.i18n import _, _n, use

__all__ = ["_", "_n", "counted", "use"]


def counted(one: str, more: str = "") -> tuple[str, str]:
    """The two texts of a count with its noun: `{count} picture`, `{count} pictures`."""
    return f"{{count}} {one}", f"{{count}} {more or one + 's'}"
