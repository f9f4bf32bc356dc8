"""A workspace of today as Facedesk wrote it in format 1, when everything went by folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from engine.workspace.folder import Workspace


def turn_back(workspace: Workspace) -> None:
    """Take every identity out of a workspace; whose is what then only folders say.

    The audit is not turned: its chain cannot be. Note what it is to hold under "?<folder>".
    """
    root = workspace.root
    slugs = _people(root)
    for file in root.glob("trash/*/manifest.json"):
        body = _read(file)
        _write(file, {k: v for k, v in body.items() if k not in ("people", "merged")})
    for folder in (path for path in workspace.models.glob("*") if (path / "labels.json").exists()):
        _model(folder, slugs)
    for file in workspace.evaluations.glob("*.json"):
        body = _read(file)
        body["slugs"] = [slugs[id] for id in body.pop("ids")]
        _write(file, body)
    for file in root.glob("unknown/*/sighting.json"):
        body = _read(file)
        body.pop("candidate_id")
        _write(file, body)
    choices = workspace.unknown / "choices.json"
    if choices.exists():
        body = _read(choices)
        for choice in body["choices"]:
            choice.pop("person", None)
        _write(choices, body)
    _write(root / "workspace.json", {"program": "facedesk", "format": 1})


def _people(root: Path) -> dict[str, str]:
    """Strip everybody, also in the trash; the folders of their identities."""
    slugs = {}
    for file in root.glob("trash/*/manifest.json"):
        slugs |= {id: place.partition("/")[2] for place, id in _read(file)["people"].items()}
    for pattern in ("people/*", "strangers/*", "trash/*/kept/*"):
        for file in root.glob(f"{pattern}/person.json"):
            body = _read(file)
            if pattern != "trash/*/kept/*":
                slugs[body["id"]] = file.parent.name
            kept = {k: v for k, v in body.items() if k not in ("id", "merged", "apart_from")}
            _write(file, kept)
    return slugs


def _model(folder: Path, slugs: dict[str, str]) -> None:
    labels, body = _read(folder / "labels.json"), _read(folder / "model.json")
    for each in labels:  # who is gone for good was in the folder of their name
        slugs.setdefault(each["id"], each["name"].lower().replace(" ", "-"))
    labels = [
        {"slug": slugs[each["id"]], "name": each["name"], "revision": each["revision"]}
        for each in labels
    ]
    details = body["details"]
    for record in (
        details["trained_on"],
        details["enrolled_on"],
        body["calibration"]["own"],
        details["judged"]["own"],
    ):
        for id in list(record):
            record[slugs[id]] = record.pop(id)
    _write(folder / "labels.json", labels)
    _write(folder / "model.json", body)
    names = ("head.npz", "labels.json", "model.json")
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    lines = (f"{digest}  {name}\n" for name, digest in digests.items())
    (folder / "SHA256SUMS").write_text("".join(lines))


def _read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
