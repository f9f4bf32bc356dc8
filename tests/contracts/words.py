"""All English for the operator in one file: `python tests/contracts/words.py` writes it.

Words are the strings given to `_()`, `_n()` and `many()` in tui/ and engine/, found in the syntax
tree, the docstrings of click's commands, which are their help, and the words of the key table.
"""

from __future__ import annotations

import ast
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
POT = REPOSITORY / "tui" / "locale" / "facedesk.pot"
HEADER = """\
# Words of Facedesk. Written by tests/contracts/words.py; do not edit.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"""


Word = tuple[str, str]
"""A text, and what it is with more than one; the latter empty where no count goes with it."""


def words() -> dict[Word, list[str]]:
    """Every English text with the modules it stands in, sorted.

    A text that is both alone and the form for one is one entry, the one with two forms, for
    gettext looks both up by the first.
    """
    from tui.keys import CONTEXTS, KEYS

    found: dict[str, tuple[str, set[str]]] = {}

    def add(text: str, more: str, place: str) -> None:
        known, places = found.get(text, ("", set()))
        assert not (known and more) or known == more, (text, known, more)
        found[text] = (known or more, places | {place})

    for module in modules():
        place = module.relative_to(REPOSITORY).as_posix()
        tree = ast.parse(module.read_text())
        for text, more in (*marked(tree), *((text, "") for text in helped(tree))):
            add(text, more, place)
    for text in (*(t for key in KEYS for t in (key.label, key.tooltip)), *CONTEXTS.values()):
        add(text, "", "tui/keys")
    return {(text, more): sorted(places) for text, (more, places) in sorted(found.items())}


def modules() -> list[Path]:
    """The modules that may hold words."""
    return sorted(m for top in ("engine", "tui") for m in (REPOSITORY / top).rglob("*.py"))


def marked(tree: ast.AST) -> list[Word]:
    """What is given to `_()`, `_n()` and `many()`."""
    from tui.i18n import counted

    found: list[Word] = []
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
            texts = [text for text in texts if isinstance(text, str)]
            match call.func.id, texts:
                case "_", [text]:
                    found.append((text, ""))
                case "_n", [one, more]:
                    found.append((one, more))
                case "many", [_, *_]:
                    found.append(counted(*texts))
    return found


def helped(tree: ast.AST) -> list[str]:
    """The texts in the docstrings of functions that are click's commands."""
    from tui.cli.help_words import words_of_help

    return [
        text
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and is_command(function)
        for text in words_of_help(ast.get_docstring(function) or "")
    ]


def is_command(function: ast.FunctionDef) -> bool:
    """Whether a decorator such as `click.command(...)` or `people.command(...)` makes it one."""
    return any(
        isinstance(made, ast.Call)
        and isinstance(made.func, ast.Attribute)
        and made.func.attr in ("command", "group")
        for made in function.decorator_list
    )


def pot() -> str:
    """The template for translators."""
    parts = [HEADER]
    for (text, more), places in words().items():
        lines = "".join(f"#: {place}\n" for place in places)
        sign = "#, python-brace-format\n" if "{" in text else ""
        empty = 'msgstr ""\n'
        if more:
            empty = f'msgid_plural {quoted(more)}\nmsgstr[0] ""\nmsgstr[1] ""\n'
        parts.append(f"{lines}{sign}msgid {quoted(text)}\n{empty}")
    return "\n".join(parts)


def quoted(text: str) -> str:
    """A string as gettext writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


if __name__ == "__main__":
    POT.write_text(pot())
