"""All English for the operator in one file: `python tests/contracts/words.py` writes it.

Words are the strings given to `_()` and `_n()` in engine/ and tui/, found in the syntax tree, and
those of the key table.
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


Entry = tuple[str, ...]
"""One text, or the forms for one and for more of something."""


def words() -> dict[Entry, list[str]]:
    """Every English text with the modules it stands in, sorted.

    A text that is both alone and the form for one is one entry, the one with two forms, for
    gettext looks both up by the first.
    """
    from tui.keys import CONTEXTS, KEYS

    found: dict[str, tuple[Entry, set[str]]] = {}

    def add(entry: Entry, place: str) -> None:
        known, places = found.get(entry[0], (entry, set()))
        assert known == entry or 1 in (len(known), len(entry)), (known, entry)
        found[entry[0]] = (max(known, entry, key=len), places | {place})

    for module in modules():
        for entry in marked(ast.parse(module.read_text())):
            add(entry, module.relative_to(REPOSITORY).as_posix())
    for key in KEYS:
        for text in (key.label, key.tooltip):
            add((text,), "tui/keys")
    for text in CONTEXTS.values():
        add((text,), "tui/keys")
    return {entry: sorted(places) for entry, places in sorted(found.values())}


def modules() -> list[Path]:
    """The modules that may hold words."""
    return sorted(m for top in ("engine", "tui") for m in (REPOSITORY / top).rglob("*.py"))


def marked(tree: ast.AST) -> list[Entry]:
    """The strings given to `_()` and `_n()`."""
    entries = []
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            given = call.args[: {"_": 1, "_n": 2}.get(call.func.id, 0)]
            texts = [a.value for a in given if isinstance(a, ast.Constant)]
            strings = [text for text in texts if isinstance(text, str)]
            if strings and len(strings) == len(given):
                entries.append(tuple(strings))
    return entries


def pot() -> str:
    """The template for translators."""
    parts = [HEADER]
    for entry, places in words().items():
        lines = "".join(f"#: {place}\n" for place in places)
        sign = "#, python-brace-format\n" if "{" in entry[0] else ""
        parts.append(f"{lines}{sign}{forms(entry)}")
    return "\n".join(parts)


def forms(entry: Entry) -> str:
    """A text, or its two forms, as gettext writes them."""
    if len(entry) == 1:
        return f'msgid {quoted(entry[0])}\nmsgstr ""\n'
    one, more = map(quoted, entry)
    return f'msgid {one}\nmsgid_plural {more}\nmsgstr[0] ""\nmsgstr[1] ""\n'


def quoted(text: str) -> str:
    """A string as gettext writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


if __name__ == "__main__":
    POT.write_text(pot())
