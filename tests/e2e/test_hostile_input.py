"""Hostile names, files and models through the real command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from engine.model.record import ModelDraft
from engine.model.store import ModelStore
from engine.workspace.folder import Workspace

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
MOVES = ("\x1b", "\x9b", "\x07", "\u202e", "\u200b")
ODD = "[red]x [@click=app.quit] \x1b]52;c;eA==\x07\u202egnp\u200b\x9b31m.png"


def plain(text: str) -> bool:
    return not any(sign in text for sign in MOVES)


def test_names_of_an_import_folder_move_no_terminal_and_stay_readable_as_json(
    facedesk: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "in" / "Eileen Collins"
    folder.mkdir(parents=True)
    shutil.copy(DEMO / "collins.png", folder / "good.png")
    (folder / ODD).write_bytes(b"no picture")
    (tmp_path / "in" / "A\u202enna").mkdir()
    (tmp_path / "in" / "A\u202enna" / "1.png").write_bytes(b"")
    run = facedesk("import", tmp_path / "in", "--workspace", tmp_path / "w", "--json")
    assert run.code == 0, run.err
    assert plain(run.out)
    assert plain(run.err)
    refused = {Path(item["file"]).name: item["reason"] for item in run.named("refused")}
    assert refused == {ODD: "unreadable", "1.png": "name_invalid"}
    shown = facedesk("import", tmp_path / "in", "--workspace", tmp_path / "w")
    assert plain(shown.out)
    assert plain(shown.err)
    assert "[red]x [@click=app.quit]" in shown.out + shown.err


def test_a_damaged_model_is_named_and_the_one_before_is_not_touched(
    facedesk: Any, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path / "w")
    workspace.prepare()
    store = ModelStore(workspace)
    for number in range(2):
        centres = np.roll(np.eye(1, 4, dtype=np.float32), number, 1)
        people = [("ada", "Ada", "r")]
        store.promote(store.save(ModelDraft(recipe="head", people=people, centres=centres)).id)
    good, bad = sorted(info.id for info in store.list())
    head = workspace.models / bad / "head.npz"
    data = bytearray(head.read_bytes())
    data[len(data) // 2] ^= 1
    head.write_bytes(data)
    run = facedesk("model", "list", "--workspace", workspace.root, "--json")
    told = {item["model"]: item["damage"] for item in run.named("model")}
    assert "head.npz" in told[bad]
    assert told[good] == ""
    people = facedesk("model", "list", "--workspace", workspace.root)
    assert f"{bad} is damaged: head.npz" in " ".join(people.err.split())
    refused = facedesk("model", "promote", bad, "--workspace", workspace.root, "--json")
    assert refused.code == 5
    assert good in json.loads(refused.out.splitlines()[-1])["message"]
