"""All English of the interface in one file: `python -m tests.contracts.words` writes it.

Words are the strings given to `_()` in tui/, found in the syntax tree, the docstrings of click's
commands, which are their help, and the words of the key table.
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


def words() -> dict[str, list[str]]:
    """Every English text with the modules it stands in, sorted."""
    from tui.keys import CONTEXTS, KEYS

    found: dict[str, set[str]] = {}
    for module in sorted((REPOSITORY / "tui").rglob("*.py")):
        place = module.relative_to(REPOSITORY).as_posix()
        tree = ast.parse(module.read_text())
        for text in (*marked(tree), *helped(tree)):
            found.setdefault(text, set()).add(place)
    for key in KEYS:
        for text in (key.label, key.tooltip):
            found.setdefault(text, set()).add("tui/keys")
    for text in CONTEXTS.values():
        found.setdefault(text, set()).add("tui/keys")
    return {text: sorted(found[text]) for text in sorted(found)}


def marked(tree: ast.AST) -> list[str]:
    """The strings given to `_()`."""
    return [
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "_"
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    ]


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
    for text, places in words().items():
        lines = "".join(f"#: {place}\n" for place in places)
        sign = "#, python-brace-format\n" if "{" in text else ""
        parts.append(f'{lines}{sign}msgid {quoted(text)}\nmsgstr ""\n')
    return "\n".join(parts)


def quoted(text: str) -> str:
    """A string as gettext writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


if __name__ == "__main__":
    POT.write_text(pot())
