"""Whatever a workspace holds passes through `engine.workspace.files`, so that it can be sealed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

ALLOWED = {
    "engine/workspace/files.py": "the one file layer",
    "engine/rights/stores.py": "logs, cleaned in place",
    "engine/rights/mentions.py": "members of archives in memory",
    "engine/rights/archive.py": "archives that the operator asked for, or from outside",
    "engine/workspace/vault/opened.py": "looks whether a vault.json is ours",
    "engine/workspace/vault/keys.py": "keys, which lie outside of what they open",
    "engine/logs.py": "logs, which hold nothing of a person's picture",
    "engine/camera/recording.py": "a recording that the operator asked for",
    "engine/camera/source.py": "a clip from outside",
    "engine/camera/v4l.py": "devices and /proc",
    "engine/camera/video.py": "/proc/self/maps",
    "engine/faces/blaze.py": "a packaged network: about nobody",
    "engine/model/arrays.py": "a member of an archive in memory",
    "engine/desk/vitals.py": "/proc",
    "engine/workspace/owner.py": "the workspace's folder, which is locked, and /proc",
    "engine/shortage.py": "/proc of this process",
    "engine/jobs/recording.py": "a recording that the operator asked for",
    "engine/model/backbones.py": "how fast this machine is: about nobody",
    "engine/openvino_networks.py": "compiled networks and its own source: about nobody",
    "engine/model/face_space.py": "the packaged space: nobody's template",
    "engine/machine.py": "/proc/cpuinfo",
    "engine/model/resnet.py": "weights: about nobody",
    "engine/model/weights.py": "weights: about nobody",
    "engine/doctor/files.py": "packaged files",
    "tui/link.py": "the log",
    "tui/terminal/streams.py": "/dev/null, and /proc of this process",
    "tui/cli/machine.py": "the table of figures that the operator asked for",
    "tui/terminal/line.py": "the terminal itself, to give it back past a driver that hangs",
}
"""Modules that may open files themselves, and why."""

METHODS = frozenset({"read_bytes", "write_bytes", "read_text", "write_text"})
FUNCTIONS = frozenset(
    {
        "open", "io.open", "os.open", "os.fdopen", "Path.open",
        "np.load", "np.save", "np.savez", "np.savez_compressed", "np.fromfile", "np.memmap",
        "shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree", "shutil.move",
        "cv2.imread", "cv2.imwrite", "cv2.VideoWriter", "Image.open",
    }
)  # fmt: skip


def opens(tree: ast.AST) -> Iterator[str]:
    """The calls that open a file by a path."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if method not in METHODS and method != "open" and name not in FUNCTIONS:
            continue
        first = ast.unparse(node.args[0]) if node.args else ""
        if not first.startswith("io.BytesIO(") and first != "buffer":  # in memory
            yield f"line {node.lineno}: {name}"


@pytest.fixture(scope="module")
def opening() -> dict[str, list[str]]:
    """The modules that open files, and where."""
    found = {}
    for package in ("engine", "tui"):
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            name = path.relative_to(REPOSITORY).as_posix()
            calls = [*opens(ast.parse(path.read_text("utf-8")))]
            if calls and not name.startswith("engine/bench/"):  # makes workspaces to measure
                found[name] = calls
    return found


def test_no_other_module_opens_files_by_itself(opening: dict[str, list[str]]) -> None:
    assert not {name: calls for name, calls in opening.items() if name not in ALLOWED}


def test_every_exception_is_still_needed(opening: dict[str, list[str]]) -> None:
    assert not ALLOWED.keys() - opening.keys()
