"""Text that is not ours, made safe to show: names, file names, addresses, answers of cameras.

A character that paints nothing, moves the cursor, or turns the direction of writing is replaced by
U+FFFD. It is not dropped: two texts that differ must look different.
"""

from __future__ import annotations

import re
import unicodedata

INSTEAD = "\ufffd"
MOST_MARKS = 3
"""Combining marks on one character; a heap of them runs over the lines above and below."""

_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Letters and marks that paint nothing although Unicode does not call them format characters.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_PLAIN = re.compile(r"[ -~]*")
_SPACES = str.maketrans("\t\n\r\f\v", "     ")


def is_invisible(character: str) -> bool:
    """Whether a character paints nothing of its own, or may be taken for a command."""
    return character in _BLANK or unicodedata.category(character) in _CATEGORIES


def shown(text: str) -> str:
    """The text on one line, with every invisible character as U+FFFD."""
    if _PLAIN.fullmatch(text):
        return text
    made, marks = [], 0
    for character in text.translate(_SPACES):
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        made.append(INSTEAD if is_invisible(character) or marks > MOST_MARKS else character)
    return "".join(made)


def shown_lines(text: str) -> str:
    """The same for a text of several lines, which stay lines."""
    return "\n".join(map(shown, text.split("\n")))


def escaped(json_text: str) -> str:
    r"""A JSON text with every invisible character as `\uXXXX`: it means the same, and a terminal
    or a pager that shows it sees plain characters. Lone surrogates can be written too then."""
    if _PLAIN.fullmatch(json_text):
        return json_text
    return "".join(_escape(c) if is_invisible(c) else c for c in json_text)


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
