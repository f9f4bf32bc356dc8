"""A command's docstring is its help."""

from __future__ import annotations

import inspect

UNWRAPPED = "\b\n"
"""How a block begins that click leaves as it stands."""


def help_in_words(docstring: str) -> str:
    """Return the help of a command: each paragraph on one line, for click wraps it again."""
    return "\n\n".join(
        block if block.startswith(UNWRAPPED) else " ".join(block.split("\n"))
        for block in inspect.cleandoc(docstring).split("\n\n")
    )
