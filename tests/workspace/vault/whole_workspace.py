"""A workspace with a file of every kind, and what is in it."""

from __future__ import annotations

from pathlib import Path

from engine.workspace.files import append_line, read_bytes, write_bytes, write_json
from engine.workspace.folder import Workspace
from engine.workspace.vault.keys import Opener

OPENER = Opener("key-file", bytes(range(32)))
SECRET = b"Zebulon Quagmire"


def fill(workspace: Workspace) -> Workspace:
    """A workspace with a file of every kind."""
    person = workspace.people / "zq"
    write_json(person / "person.json", {"name": SECRET.decode()})
    for number in range(3):
        write_bytes(person / "20260101-120000-001" / f"{number:04d}.png", b"\x89PNG" + SECRET)
        append_line(person / "20260101-120000-001" / "pictures.jsonl", SECRET)
    write_bytes(workspace.features / "digest" / "zq" / "20260101-120000-001.npz", b"PK" + SECRET)
    write_bytes(workspace.trash / "20260101-120000-001" / "kept" / "0", b"\x89PNG" + SECRET)
    write_bytes(workspace.models / "current", SECRET)
    for path in (workspace.split_file, workspace.roster_file, workspace.view_file):
        write_json(path, {"name": SECRET.decode()})
    return workspace


def everything(workspace: Workspace) -> dict[str, bytes]:
    """The files below the folders and files that are sealed, as they are read."""
    found = {}
    for top in workspace.contents():
        for path in [top, *sorted(top.rglob("*"))] if top.exists() else []:
            if path.is_file():
                found[path.relative_to(workspace.root).as_posix()] = read_bytes(path)
    return found


def on_disk(workspace: Workspace) -> dict[Path, bytes]:
    """Every file below the root, byte by byte."""
    return {p: p.read_bytes() for p in sorted(workspace.root.rglob("*")) if p.is_file()}
