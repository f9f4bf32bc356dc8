"""A workspace of format 0, written out as Facedesk wrote it before workspaces had versions.

Nothing here calls the code that writes today: what it writes tomorrow must still be readable from
what it wrote then.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from engine.pictures import encode_png

MODEL = "20261124T093000123Z-head-0a1b"
ADA, GRACE = "Ada Lovelace", "Grace Hopper"
SESSION = "20261124-093000-001"
CHOICE = "20261125-101500-001"
SIGHTING = "20261126-080000-001"

CHOICES = [{"id": CHOICE, "slug": "ada-lovelace", "new": False, "stranger": False}]
EVALUATION = {
    "type": "EvaluateDone", "model": MODEL, "recipe": "head", "people": [ADA, GRACE],
    "probes": 4, "missed": 2, "strangers": 4, "stranger_people": 1, "strangers_from": "own",
    "fpir": 0.01, "threshold": 0.182, "rank1": 0.75, "tpir": {"0.1": 0.95},
    "fpir_at_threshold": 0.0, "tpir_at_threshold": 0.5,
    "intervals": {"rank1": [0.19, 0.99], "tpir_at_threshold": [0.07, 0.93]},
    "per_person": {ADA: [2, 1, 1], GRACE: [2, 2, 1]},
    "per_session": {f"{ADA}/{SESSION}": [2, 1, 1], f"{GRACE}/{SESSION}": [2, 2, 1]},
    "confusion": [[1, 1, 0], [0, 1, 1]],
    "det": [[-0.1, 1.0, 0.0], [0.2, 0.0, 0.5], [0.5, 0.0, 1.0]],
    "confused": [], "suspects": [],
    "leakage": {"rank1": 0.91, "random_rank1": 0.97, "tpir": 0.8, "random_tpir": 0.93},
    "sentence": "At most 4 of 100 strangers are named.", "warnings": [], "report": "",
    "seconds": 12.4, "slugs": ["ada-lovelace", "grace-hopper"],
}  # fmt: skip


def write(root: Path) -> None:
    """Two people of two pictures each, a split, an evaluation, an inbox, a trash, a view."""
    for slug, name in (("ada-lovelace", ADA), ("grace-hopper", GRACE)):
        person = {
            "version": 1,
            "name": name,
            "created": "2026-11-24T09:30:00+00:00",
            "consent": None,
        }
        _json(root / "people" / slug / "person.json", person)
        _session(root / "people" / slug / SESSION)
    parts = {"train": [f"{SESSION}/0001.png"], "validation": [], "test": [f"{SESSION}/0002.png"]}
    entry = {"counts": {"train": 1, "validation": 0, "test": 1}, **parts}
    split = {
        "version": 1,
        "seed": 1,
        "mode": "blocks",
        "shares": {"train": 0.5, "validation": 0.0, "test": 0.5},
        "warnings": [],
        "people": {"ada-lovelace": entry, "grace-hopper": entry},
    }
    _json(root / "split.json", split)
    _json(root / "roster.json", {"version": 1, "names": [{"name": "Mary", "consent": None}]})
    _json(root / "ui.json", {"theme": "nord", "count": 40})
    _json(root / "unknown" / "inbox.json", {"version": 1, "keep": True, "since": "2026-11-24"})
    _json(root / "unknown" / "choices.json", CHOICES)
    manifest = {
        "version": 1,
        "title": "Unknown is Ada Lovelace",
        "back": "back to the inbox",
        "at": "2026-11-25T10:15:00+00:00",
        "pictures": 1,
        "names": [],
        "steps": [[f"unknown/{SIGHTING}", "@/kept/0", False]],
        "split": {},
    }
    _json(root / "trash" / CHOICE / "manifest.json", manifest)
    _session(root / "trash" / CHOICE / "kept" / "0")
    for folder in ("features", "strangers", "stranger-features", "models", "logs", "evaluations"):
        (root / folder).mkdir(mode=0o700)
    (root / "evaluations" / f"{MODEL}.json").write_text(
        json.dumps(EVALUATION, separators=(",", ":"))
    )
    (root / ".lock").touch(0o600)


def _session(folder: Path) -> None:
    head = {
        "version": 1,
        "id": folder.name,
        "source": "demo:collins",
        "started": "2026-11-24T09:30:00+00:00",
    }
    _json(folder / "session.json", head)
    for number in (1, 2):
        picture = encode_png(np.full((160, 160, 3), 40 * number, np.uint8))
        (folder / f"{number:04d}.png").write_bytes(picture)


def _json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
