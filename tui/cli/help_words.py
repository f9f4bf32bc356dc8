"""A command's docstring is its help: its paragraphs in the operator's language.

A paragraph is one text to translate, its lines joined, for click wraps them again. A block that
click must not wrap (it begins with `\\b`) is one text with its lines as they stand; one of nothing
but commands to be typed is the same in every language.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from tui.i18n import _

UNWRAPPED = "\b\n"
"""How a block begins that click leaves as it stands."""


def help_in_words(docstring: str) -> str:
    """The help of a command, translated."""
    return "\n\n".join(
        mark + (_(text) if is_words else text) for mark, text, is_words in _paragraphs(docstring)
    )


def words_of_help(docstring: str) -> list[str]:
    """The texts of a command's help that are to be translated."""
    return [text for _mark, text, is_words in _paragraphs(docstring) if is_words]


def _paragraphs(docstring: str) -> Iterator[tuple[str, str, bool]]:
    """Each paragraph as click's mark before it, its text, and whether that is to be translated."""
    for paragraph in inspect.cleandoc(docstring).split("\n\n"):
        block = paragraph.removeprefix(UNWRAPPED)
        if block == paragraph:
            yield "", " ".join(paragraph.split("\n")), True
        else:
            yield UNWRAPPED, block, not _only_commands(block)


def _only_commands(block: str) -> bool:
    return all(line.startswith("facedesk ") and " # " not in line for line in block.split("\n"))
