"""Cells of a CSV file that a spreadsheet would run as formulas, and how they are made harmless.

OWASP, "CSV Injection": a leading `'` makes the cell a text. Reading takes exactly that one away
again, so that names survive the way out and back, whatever they begin with.
"""

from __future__ import annotations

import re

_RISKY = re.compile(r"\s*'*[=+\-@\uff1d\uff0b\uff0d\uff20]")
"""Begins a formula, in some spreadsheets also as a full-width character; or was guarded already."""
_STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"


def guarded(cell: str) -> str:
    """The cell as no spreadsheet runs it. Numbers stay numbers."""
    if not _RISKY.match(cell):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def unguarded(cell: str) -> str:
    """The text of a cell: what `guarded` was given, and of a formula what follows its sign."""
    if cell.startswith("'") and _RISKY.match(cell[1:]):
        return cell[1:]
    return cell.lstrip(_STARTS)
