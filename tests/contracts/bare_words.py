"""Strings of a module that look like words for the operator and are not marked for translation."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.errors import StyleSyntaxError
from rich.style import Style

MARKS = ("_", "_n", "many")
"""Functions of tui.i18n and tui.text whose strings stand in the template."""
NO_WORDS = frozenset({"DEFAULT_CSS", "header"})
"""What is assigned to these is read by programs: style sheets, columns of copied tables."""
NO_READERS = frozenset({"Sheet", "TypeVar", "cast", "getattr", "query", "query_one"})
"""So is what is given to these: columns of copied tables, types, selectors."""
UNITS = frozenset({"min", "px", "fps", "MB", "GB", "kB", "ms", "dB", "fr"})


@dataclass(frozen=True, slots=True)
class Bare:
    """A string at a line; `{}` stands for what an f-string puts in."""

    line: int
    text: str


def bare_words(code: str, allowed: Container[str] = ()) -> list[Bare]:
    """What looks like words outside of `_()`, but for `allowed` strings and docstrings."""
    found = _strings(ast.parse(code))
    return [bare for bare in found if bare.text not in allowed and looks_like_words(bare.text)]


def modules(places: Iterable[Path]) -> list[Path]:
    """The modules among the places and in the folders among them."""
    return [m for place in places for m in ([place] if place.is_file() else place.rglob("*.py"))]


def looks_like_words(text: str) -> bool:
    """Whether there is a blank between words, or a capital first and a letter last."""
    words = set(re.findall(r"[^\W\d_]{2,}", text)) - UNITS
    if not words or _is_style(text):
        return False
    return bool(re.search(r"\S\s+\S", text)) or (text[0].isupper() and text[-1].isalpha())


def _is_style(text: str) -> bool:
    """Whether it is one of Rich: `not bold {}`."""
    try:
        Style.parse(text.replace("{}", ""))
    except StyleSyntaxError:
        return False
    return True


def _strings(node: ast.AST) -> Iterator[Bare]:
    match node:
        case ast.Expr(value=ast.Constant()):
            return  # a docstring
        case ast.Constant(value=str(text)):
            yield Bare(node.lineno, text)
            return
        case ast.JoinedStr():
            parts = [p.value if isinstance(p, ast.Constant) else "{}" for p in node.values]
            yield Bare(node.lineno, "".join(parts))
            children: list[ast.AST] = [p for p in node.values if not isinstance(p, ast.Constant)]
        case ast.FormattedValue():
            children = [node.value]  # a format's own text is no word
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            children = [] if name in NO_WORDS else [node.value] if node.value else []
        case ast.arguments():
            children = [value for value in (*node.defaults, *node.kw_defaults) if value]
        case ast.Call():
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            literal = name in NO_READERS or (name in MARKS and isinstance(called, ast.Name))
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            children = [called, *(a for a in given if not (literal and _literal(a)))]
        case _:
            children = list(ast.iter_child_nodes(node))
    for child in children:
        yield from _strings(child)


def _literal(node: ast.AST) -> bool:
    """A string, or a tuple of nothing else."""
    if isinstance(node, ast.Tuple):
        return all(_literal(part) or isinstance(part, ast.Starred) for part in node.elts)
    return isinstance(node, ast.Constant)
