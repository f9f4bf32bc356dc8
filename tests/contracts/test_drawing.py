"""The drawing of docs/architecture.md against the packages that there are and their directions."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DEFINED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
WORDS = re.compile(r"[a-z][a-z0-9_]*")


def rows() -> dict[str, str]:
    """What stands left and right in each row of the drawing that names packages, top to bottom."""
    text = (REPOSITORY / "docs" / "architecture.md").read_text()
    drawing = text.split("```text\n")[1].split("```")[0]
    found: dict[str, str] = {}
    for line in drawing.splitlines():
        if row := re.match(r"  ([a-z][a-z/| ]*?)(?:  +(.*))?$", line):
            last, found[row[1]] = row[1], row[2] or ""
        elif line.startswith(" " * 19) and "|" not in line:
            found[last] += " " + line.strip()
    del found["who asks"]
    return found


def packages(under: str) -> set[str]:
    return {path.parent.name for path in (REPOSITORY / under).glob("*/__init__.py")}


def test_the_rows_of_the_engine_are_the_layers_that_the_linter_holds() -> None:
    linted = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = [row for each in linted["contracts"] for row in each.get("layers", ())]
    of_engine = [set(layer.split(" | ")) for layer in layers if layer.startswith("engine.")]
    drawn = [row for row in rows() if row not in ("tui/", "ground")]
    assert [{f"engine.{name}" for name in row.split(" | ")} for row in drawn] == of_engine


def test_every_package_and_module_of_the_engine_is_drawn_once() -> None:
    drawn = [name for row in rows() for name in row.split(" | ") if row not in ("tui/", "ground")]
    assert sorted(drawn) == sorted(packages("engine"))
    ground = {path.stem for path in (REPOSITORY / "engine").glob("*.py")} - {"__init__"}
    assert set(WORDS.findall(rows()["ground"])) == ground


def test_every_package_of_the_interface_is_drawn() -> None:
    assert set(WORDS.findall(rows()["tui/"])) - {"styles"} == packages("tui")


def test_every_module_that_the_document_names_is_there() -> None:
    text = (REPOSITORY / "docs" / "architecture.md").read_text()
    named = set(re.findall(r"`([\w/]+\.py|(?:engine|tui|tests)/[\w/]+)`", text))
    assert named
    assert {path for path in named if not (REPOSITORY / path).exists()} == set()


def test_every_stop_of_the_two_ways_is_there() -> None:
    text = (REPOSITORY / "docs" / "architecture.md").read_text()
    stops = re.findall(r"^\d+\. `([\w.]+)`, `([\w/]+\.py)`", text, re.M)
    assert len(stops) == 15 + 13
    for name, path in stops:
        tree = ast.parse((REPOSITORY / path).read_text())
        nodes: list[ast.stmt] = tree.body
        for part in name.split("."):
            found = (n for n in nodes if isinstance(n, DEFINED) and n.name == part)
            nodes = next(found).body
