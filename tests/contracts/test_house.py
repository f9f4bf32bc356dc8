"""Rules of the house that a machine can check: how large it is, how it hangs together, and what no
line may do."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LONGEST_MODULE = 500


@dataclass(frozen=True)
class Limit:
    """A count that may not rise above `now`; whoever brings it nearer to `aim` lowers `now`."""

    now: int
    aim: int


LIMITS = {
    "modules": Limit(239, 240),
    "lines": Limit(57_240, 47_000),
    "modules directly in tui": Limit(8, 12),
    "modules with exactly one importer": Limit(48, 60),
    "classes of ours in the app": Limit(3, 3),
    "modules in an import circle": Limit(0, 0),
}
"""Counted in engine/ and tui/. A class is in the app if its method resolution order has it."""


def imports_by_module() -> dict[str, set[str]]:
    """Each module of engine and tui, and those of them that it imports anywhere in its text.

    Imports inside functions count: they only put off the circle that they are in.
    """
    modules = {dotted(path): path for path in tracked("engine/*.py") + tracked("tui/*.py")}
    found: dict[str, set[str]] = {}
    for name, path in modules.items():
        found[name] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                wanted = {f"{node.module}.{each.name}" for each in node.names}
                found[name] |= {each if each in modules else node.module for each in wanted}
            elif isinstance(node, ast.Import):
                found[name] |= {each.name for each in node.names}
        found[name] = found[name].intersection(modules) - {name}
    return found


def dotted(path: Path) -> str:
    """The name by which a module is imported."""
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def in_circles(imports: dict[str, set[str]]) -> list[str]:
    """The modules that import themselves by way of others."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = list(imports[start])
        while ahead:
            if (name := ahead.pop()) not in seen:
                seen.add(name)
                ahead += imports[name]
        return seen

    return [name for name in imports if name in reached(name)]


def what_is_counted() -> dict[str, list[str]]:
    """The names behind each count of LIMITS; for lines, a module stands once for each of its."""
    from tui.app import FacedeskApp

    paths = tracked("engine/*.py") + tracked("tui/*.py")
    imports = imports_by_module()
    importers = Counter(name for wanted in imports.values() for name in wanted)
    classes = [f"{kind.__module__}.{kind.__name__}" for kind in FacedeskApp.__mro__]
    return {
        "modules": list(imports),
        "lines": [dotted(path) for path in paths for _ in path.read_text().splitlines()],
        "modules directly in tui": [dotted(path) for path in paths if path.parent.name == "tui"],
        "modules with exactly one importer": [name for name in imports if importers[name] == 1],
        "classes of ours in the app": [
            name for name in classes if name.partition(".")[0] in ("engine", "tui")
        ],
        "modules in an import circle": in_circles(imports),
    }


@pytest.fixture(scope="module")
def counted() -> dict[str, list[str]]:
    return what_is_counted()


@pytest.mark.parametrize("what", LIMITS)
def test_the_house_does_not_grow(counted: dict[str, list[str]], what: str) -> None:
    limit, names = LIMITS[what], counted[what]
    assert len(names) <= limit.now, (
        f"{len(names)} {what}, at most {limit.now} (aim {limit.aim}): {Counter(names)}"
    )


def test_a_circle_is_found_at_whatever_distance_and_nothing_else_is() -> None:
    imports = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "before": {"a"}, "after": set()}
    imports["c"].add("after")
    assert in_circles(imports) == ["a", "b", "c"]


def tracked(pattern: str) -> list[Path]:
    """Files that git tracks, by pattern."""
    run = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [REPOSITORY / line for line in run.stdout.splitlines()]


def test_no_module_is_longer_than_five_hundred_lines() -> None:
    modules = tracked("*.py")
    assert modules
    long = {str(p): n for p in modules if (n := len(p.read_text().splitlines())) > LONGEST_MODULE}
    assert not long


def test_no_picture_is_tracked_but_the_two_demo_portraits() -> None:
    pictures = [
        p for suffix in ("png", "jpg", "jpeg", "webp", "bmp") for p in tracked(f"*.{suffix}")
    ]
    named = {p.relative_to(REPOSITORY).as_posix() for p in pictures}
    assert {p for p in named if not p.startswith("docs/")} == {
        "data/demo/collins.png",
        "data/demo/hopper.jpg",
    }


def test_nothing_is_unpickled_and_no_foreign_keras_file_is_loaded() -> None:
    forbidden = re.compile(r"\b(import pickle|pickle\.load|load_model\(|allow_pickle=True)")
    found = [
        f"{path}: {line.strip()}"
        for path in tracked("engine/*.py") + tracked("tui/*.py")
        # The script that an export leaves beside the model: who runs it loads what we wrote.
        if path.name != "keras_export.py"
        for line in path.read_text().splitlines()
        if forbidden.search(line)
    ]
    assert not found


def test_every_type_ignore_names_its_error() -> None:
    blanket = re.compile(r"# type: ignore(?!\[)|# noqa(?!:)")
    found = [
        f"{path}: {line.strip()}"
        for path in tracked("engine/*.py") + tracked("tui/*.py")
        for line in path.read_text().splitlines()
        if blanket.search(line)
    ]
    assert not found


if __name__ == "__main__":  # the table for a closing note
    for what, names in what_is_counted().items():
        print(f"{what}: {len(names)} (aim {LIMITS[what].aim})")
