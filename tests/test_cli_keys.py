"""`facedesk keys`: the key table, also as a file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tui.cli import main
from tui.keys import KEYS


def test_the_table_has_a_line_a_key(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    main(["keys", "--workspace", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [key.id for key in KEYS]


def test_a_changed_key_stands_in_table_json_and_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('"anywhere.train" = "f6"\n')
    monkeypatch.setenv("FACEDESK_KEYS", str(file))
    main(["keys", "--json", "--workspace", str(tmp_path)])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["key"] for row in rows if row["changed"]] == ["f6"]
    main(["keys", "--file", "--workspace", str(tmp_path)])
    assert tomllib.loads(capsys.readouterr().out) == {"anywhere.train": "f6"}
