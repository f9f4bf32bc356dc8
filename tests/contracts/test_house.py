"""Rules of the house that a machine can check."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
LONGEST_MODULE = 500


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
