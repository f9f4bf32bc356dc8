"""What `doctor` looks at: each finding says what is so, whether it is well, and the cure."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from engine.config import Settings, config_file, keys_file
from engine.errors import BackboneMissing, FacedeskError
from engine.workspace import Workspace

State = Literal["ok", "note", "fault"]

LEAST_FREE = 1_000_000_000
"""Bytes of free disk below which the disk is a fault: a full one loses the next session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `cure` is a command or sentence, empty if all is well."""

    subject: str
    state: State
    text: str
    cure: str = ""


def checkup(workspace: Workspace, settings: Settings) -> tuple[Finding, ...]:
    """All findings. Nothing here raises: a check that fails is a finding."""
    checks: tuple[Callable[[], list[Finding]], ...] = (
        _python,
        lambda: _cameras(settings),
        _display,
        _cascades,
        _weights,
        _face_space,
        _dlib,
        _processor,
        _terminal,
        lambda: _workspace(workspace),
        lambda: _model(workspace),
        _configuration,
    )
    found: list[Finding] = []
    for check in checks:
        try:
            found.extend(check())
        except FacedeskError as error:
            found.append(Finding(subject="check", state="fault", text=str(error), cure=error.hint))
    return tuple(found)


def _python() -> list[Finding]:
    packages = []
    for name in ("textual", "tensorflow", "keras", "opencv-python", "numpy"):
        try:
            packages.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            packages.append(f"{name} missing")
    missing = any(text.endswith("missing") for text in packages)
    return [
        Finding(subject="python", state="ok", text=f"{platform.python_version()} {sys.executable}"),
        Finding(
            subject="packages",
            state="fault" if missing else "ok",
            text=", ".join(packages),
            cure="pip install --require-hashes -r requirements.lock" if missing else "",
        ),
    ]


def _cameras(settings: Settings) -> list[Finding]:
    from engine.camera.device import cameras, holders
    from engine.camera.sources import open_source

    devices = cameras()
    if not devices:
        text = "no camera on this machine (/dev/video*)"
        cure = "Plug one in, or use a clip, a stream or demo:collins as the source."
        return [Finding(subject="camera", state="note", text=text, cure=cure)]
    found = []
    for device in devices:
        held = ", ".join(f"{name} ({pid})" for pid, name in holders(device))
        try:
            source = open_source(str(device), settings.camera)
        except FacedeskError as error:
            text = f"{device}: {error}" + (f"; held by {held}" if held else "")
            found.append(Finding(subject="camera", state="note", text=text, cure=error.hint))
            continue
        text = f"{device}: {source.info.detail or source.info.text}"
        source.close()
        found.append(Finding(subject="camera", state="ok", text=text))
    return found


def _display() -> list[Finding]:
    from engine.camera.display import display_available

    if display_available():
        return [Finding(subject="display", state="ok", text="present: --window works")]
    text = "none: --window is refused, everything else works"
    return [Finding(subject="display", state="note", text=text)]


def _cascades() -> list[Finding]:
    from engine.faces.detect import FaceFinder

    FaceFinder(Settings().detection)
    return [Finding(subject="cascades", state="ok", text="face and eye cascades load")]


def _weights() -> list[Finding]:
    from engine.model.weights import load_weights

    weights = load_weights()
    text = f"VGG16 {weights.source}, digest {weights.digest[:12]}"
    return [Finding(subject="weights", state="ok", text=text)]


def _face_space() -> list[Finding]:
    from engine.model.face_space import FaceSpace

    space = FaceSpace.load()
    text = f"{space.dims} dimensions, cohort of {len(space.cohort)}, digest {space.digest[:12]}"
    return [Finding(subject="face space", state="ok", text=text)]


def _dlib() -> list[Finding]:
    from engine.model.dlib_backbone import installed

    try:
        text = installed()
    except BackboneMissing as error:
        text = f"optional, not installed: {error.message}"
        return [Finding(subject="dlib", state="note", text=text, cure=error.hint)]
    return [Finding(subject="dlib", state="ok", text=text)]


def _processor() -> list[Finding]:
    from engine.model.processor import has_bfloat16, processor_features

    wanted = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
    there = sorted(processor_features().intersection(wanted))
    used = "bfloat16" if has_bfloat16() else "float32"
    text = f"{os.cpu_count()} cores, {', '.join(there) or 'no vector extensions'}: {used} features"
    return [Finding(subject="processor", state="ok", text=text)]


def _terminal() -> list[Finding]:
    size = shutil.get_terminal_size()
    colours = os.environ.get("COLORTERM") or os.environ.get("TERM") or "unknown"
    inside = " inside tmux" if os.environ.get("TMUX") else ""
    ssh = " over SSH" if os.environ.get("SSH_CONNECTION") else ""
    small = size.columns < 80 or size.lines < 24
    return [
        Finding(
            subject="terminal",
            state="note" if small else "ok",
            text=f"{size.columns}x{size.lines}, {colours}{inside}{ssh}",
            cure="Make it at least 80x24." if small else "",
        )
    ]


def _workspace(workspace: Workspace) -> list[Finding]:
    place = next(p for p in (workspace.root, *workspace.root.parents) if p.exists())
    free = shutil.disk_usage(place).free
    findings = [
        Finding(
            subject="disk",
            state="fault" if free < LEAST_FREE else "ok",
            text=f"{free / 1e9:.1f} GB free for {workspace.root}",
            cure=f"Free some space: du -sh {workspace.root}/*" if free < LEAST_FREE else "",
        )
    ]
    if not os.access(place, os.W_OK):
        text = f"{place} may not be written by this user"
        cure = "Choose another --workspace, or: chown -R $USER " + str(place)
        findings.append(Finding(subject="workspace", state="fault", text=text, cure=cure))
    elif (
        workspace.root.exists()
        and workspace.root.stat().st_mode & 0o077
        and _holds_people(workspace)
    ):
        text = f"{workspace.root} is readable by other users"
        cure = f"chmod -R go-rwx {workspace.root}"
        findings.append(Finding(subject="workspace", state="note", text=text, cure=cure))
    return findings


def _holds_people(workspace: Workspace) -> bool:
    return workspace.people.is_dir() and any(workspace.people.iterdir())


def _model(workspace: Workspace) -> list[Finding]:
    from engine.model.store import ModelStore

    store = ModelStore(workspace)
    current = store.current_id()
    if current is None:
        return [Finding(subject="model", state="note", text="none yet", cure="facedesk train")]
    info = store.load().info
    text = f"{info.id}, {len(info.people)} people, intact"
    return [Finding(subject="model", state="ok", text=text)]


def _configuration() -> list[Finding]:
    path: Path = config_file()
    text = f"{path}" + ("" if path.exists() else " (absent: defaults)")
    keys = keys_file()
    own = f"{keys}" + ("" if keys.exists() else " (absent: the keys of `facedesk keys`)")
    return [
        Finding(subject="configuration", state="ok", text=text),
        Finding(subject="keys", state="ok", text=own),
    ]
