"""A file in the folder where somebody starts Facedesk is never run."""

from __future__ import annotations

import ast
import os
import subprocess
import threading
from pathlib import Path

import pytest

from engine.config import load_settings
from engine.contract import Event, JobEnded
from engine.contract.requests import EnrolRequest
from engine.desk.local import LocalDesk
from engine.machine import PACKAGE_ROOT, environment, python
from engine.workspace.folder import Workspace

LONGEST = 600.0
"""Seconds until a hang is a failure."""

MODULES = ("cv2", "numpy", "json", "tensorflow", "openvino", "tui", "sitecustomize")
STARTS = {"engine/machine.py", "engine/doctor/checks.py", "tui/cli/demo.py"}
"""Who may name Python's own file: the one place that starts it; doctor and demo, who show it."""


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory full of modules that leave a mark when they are run."""
    folder = tmp_path / "here"
    folder.mkdir()
    for name in MODULES:
        mark = f"open({str(tmp_path / name)!r}, 'w').close()\n"
        (folder / f"{name}.py").write_text(mark)
    monkeypatch.chdir(folder)
    return tmp_path


def sprung(trap: Path) -> list[str]:
    return [name for name in MODULES if (trap / name).exists()]


def test_a_process_imports_nothing_from_the_working_directory(trap: Path) -> None:
    code = "import cv2, numpy, json; assert cv2.__version__"
    subprocess.run(python("-c", code), env=environment(), check=True)
    assert not sprung(trap)


@pytest.mark.parametrize("path", ["", ":", ".", f":{os.sep}nowhere", "relative"])
def test_nor_where_pythonpath_has_an_entry_that_means_it(
    trap: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", path)
    subprocess.run(python("-c", "import cv2"), env=environment(), check=True)
    assert not sprung(trap)


def test_a_process_that_it_starts_itself_is_as_safe(trap: Path) -> None:
    code = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import cv2'], check=True)"
    )
    subprocess.run(python("-c", code), env=environment(), check=True)
    assert not sprung(trap)


def test_the_package_itself_is_found_from_anywhere(trap: Path) -> None:
    code = "import engine; print(engine.__file__)"
    run = subprocess.run(
        python("-c", code), env=environment(), check=True, capture_output=True, text=True
    )
    assert Path(run.stdout.strip()).parent.parent == PACKAGE_ROOT
    assert not sprung(trap)


def test_a_file_that_python_runs_at_its_start_is_left_out(
    trap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONSTARTUP", str(trap / "here" / "cv2.py"))
    assert "PYTHONSTARTUP" not in environment()


def test_the_processes_of_the_desk_run_none_of_it(trap: Path, workspace: Workspace) -> None:
    over = threading.Event()
    ended: list[JobEnded] = []

    def hear(event: Event) -> None:
        if isinstance(event, JobEnded):
            ended.append(event)
            over.set()

    desk = LocalDesk(workspace, load_settings())
    try:
        desk.start(hear)
        desk.enrol(EnrolRequest(person="Ada", source="demo:collins", count=2, pace="fast"))
        assert over.wait(LONGEST)
    finally:
        desk.close()
    assert [end.outcome for end in ended] == ["done"]
    assert not sprung(trap)


def test_every_start_of_python_goes_through_the_one_place() -> None:
    found = []
    for file in sorted([*PACKAGE_ROOT.glob("engine/**/*.py"), *PACKAGE_ROOT.glob("tui/**/*.py")]):
        name, text = file.relative_to(PACKAGE_ROOT).as_posix(), file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "executable" in text else ():
            named = isinstance(node, ast.Attribute) and node.attr == "executable"
            if named and ast.unparse(node) == "sys.executable" and name not in STARTS:
                found.append(f"{name}:{node.lineno}")
    assert not found
