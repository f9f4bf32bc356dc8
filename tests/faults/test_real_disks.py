"""A disk that is really full, and one that is really read-only: a tmpfs of this test's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def mounted(folder: Path, size: str, *arguments: str) -> str:
    """Run Python with a small file system of its own mounted at `folder`; what it printed."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"]).returncode:
        pytest.skip("needs unshare with user and mount namespaces")
    folder.mkdir()
    shell = f'mount -t tmpfs -o size={size} none "$1" && shift && exec "$@"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", shell, "sh", str(folder), sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "FACEDESK_TRAINING__VIEWS": "0"},
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def in_mount_namespace(script: str, folder: Path) -> str:
    """`mounted` for a script whose argument is the folder."""
    return mounted(folder, "256k", "-c", script, str(folder))


def test_a_full_disk_loses_nothing_and_frees_its_unfinished_file(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from engine.contract.errors import DiskFull
from engine.workspace.files import remove_directory, write_bytes
from engine.workspace.folder import Workspace
ws = Workspace(Path(sys.argv[1]))
with ws.writer("test"):
    count = 0
    try:
        while True:
            write_bytes(ws.people / "a" / f"{count:04d}.png", bytes(10_000))
            count += 1
    except DiskFull:
        pass
    files = sorted(os.listdir(ws.people / "a"))
    assert files == [f"{n:04d}.png" for n in range(count)] and count > 10, files
    assert all((ws.people / "a" / f).stat().st_size == 10_000 for f in files)
    remove_directory(ws.people / "a")
    write_bytes(ws.people / "b", bytes(10_000))
print("kept", os.listdir(ws.people))
"""
    assert in_mount_namespace(script, tmp_path / "disk") == "kept ['b']"


def test_a_read_only_workspace_can_be_read_but_not_written(tmp_path: Path) -> None:
    script = """
import subprocess, sys
from pathlib import Path
from engine.people.registry import People
from engine.contract.errors import WorkspaceUnusable
from engine.workspace.files import write_json
from engine.workspace.folder import Workspace
ws = Workspace(Path(sys.argv[1]))
with ws.writer("test"):
    People(ws).add("Anna")
subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
refused = 0
for attempt in (lambda: ws.writer("test").__enter__(), lambda: People(ws).delete_slug("anna"),
                lambda: write_json(ws.split_file, {}), lambda: People(ws).add("Bob")):
    try:
        attempt()
    except WorkspaceUnusable as error:
        assert "Read-only" in str(error), error
        refused += 1
print(refused, [person.name for person in People(ws).list()])
"""
    assert in_mount_namespace(script, tmp_path / "disk") == "4 ['Anna']"


FULL = "The disk is full"
READ_ONLY = "Read-only file system"


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each command of real_disk.py said, in order."""
    folder = tmp_path_factory.mktemp("disk") / "mounted"
    lines = mounted(folder, "64m", "-m", "tests.faults.real_disk", str(folder)).splitlines()
    return [json.loads(line) for line in lines]


def of(commands: list[dict[str, Any]], when: str) -> list[dict[str, Any]]:
    found = [each for each in commands if each["when"] == when]
    assert found
    return found


@pytest.mark.long
def test_commands_say_that_the_disk_is_full_and_leave_everything_whole(
    commands: list[dict[str, Any]],
) -> None:
    for each in of(commands, "full"):
        assert (each["code"], each["wrong"]) == (4, []), each
        assert FULL in each["said"], each
        assert "Traceback" not in each["said"], each


@pytest.mark.long
def test_the_same_commands_work_once_there_is_space_again(commands: list[dict[str, Any]]) -> None:
    for each in of(commands, "empty"):
        assert (each["code"], each["wrong"]) == (0, []), each


@pytest.mark.long
def test_what_only_reads_works_on_a_read_only_workspace(commands: list[dict[str, Any]]) -> None:
    for each in of(commands, "read-only"):
        # The doctor finds what it is asked for: a workspace that cannot be written.
        assert each["code"] == (4 if each["command"] == "doctor" else 0), each
        assert "Traceback" not in each["said"], each
    (evaluation,) = [each for each in commands if each["command"] == "evaluate"]
    assert "the result is shown, not kept" in evaluation["said"]


@pytest.mark.long
def test_what_writes_refuses_a_read_only_workspace_with_the_reason(
    commands: list[dict[str, Any]],
) -> None:
    for each in of(commands, "refused"):
        assert each["code"] == 4, each
        assert READ_ONLY in each["said"], each
