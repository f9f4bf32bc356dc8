"""The eye of the sweeps and the soak: it sees each thing that must never be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.workspace.files import write_bytes, write_json
from engine.workspace.folder import Workspace
from tests.faults.small_workspace import build
from tests.faults.wholeness import faults, holdings


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return build(tmp_path_factory.mktemp("whole") / "workspace")


@pytest.fixture
def small(whole: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(whole.root, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


def first(folder: Path, pattern: str) -> Path:
    return min(folder.rglob(pattern))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def without_its_last_line(path: Path) -> None:
    write_bytes(path, b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def test_a_workspace_in_order_has_no_faults(small: Workspace) -> None:
    assert faults(small) == []


@pytest.mark.parametrize(
    ("damage", "seen"),
    [
        (lambda w: cut(first(w.people, "*.png")), "not whole"),
        (lambda w: cut(first(w.trash, "*.png")), "not whole"),
        (lambda w: cut(first(w.unknown, "*.png")), "not whole"),
        (lambda w: cut(first(w.strangers, "*.png")), "not whole"),
        (lambda w: first(w.people, "person.json").unlink(), "damaged"),
        (lambda w: first(w.people, "session.json").unlink(), "no head"),
        (lambda w: without_its_last_line(first(w.people, "pictures.jsonl")), "no record"),
        (lambda w: first(w.people, "0002.png").unlink(), "rows of pictures that are gone"),
        (lambda w: first(w.people, "0002.png").unlink(), "which is gone"),
        (lambda w: cut(w.split_file), "split"),
        (lambda w: cut(first(w.models, "head.npz")), "model"),
        (lambda w: write_bytes(w.models / "current", b"20200101T000000000Z-head-0000"), "in use"),
        (lambda w: cut(first(w.features, "*.npz")), "rows"),
        (lambda w: cut(first(w.unknown, "sighting.json")), "sighting"),
        (lambda w: cut(first(w.trash, "manifest.json")), "trash"),
        (lambda w: write_json(w.trash / "20200101-000000-001.doing" / "x", {}), "trash"),
        (lambda w: write_bytes(w.people / ".tmp-1", b""), "unfinished"),
        (lambda w: first(w.people, "*.png").chmod(0o644), "mode 644"),
        (lambda w: w.lock_file.write_text("facedesk train (process 7)"), "the lock"),
    ],
)
def test_each_fault_is_seen(
    small: Workspace, damage: Callable[[Workspace], object], seen: str
) -> None:
    damage(small)
    assert any(seen in each for each in faults(small)), faults(small)


def test_what_is_held_is_compared_by_content(small: Workspace, whole: Workspace) -> None:
    assert holdings(small) == holdings(whole)
    first(small.people, "*.png").unlink()
    assert holdings(small) != holdings(whole)
