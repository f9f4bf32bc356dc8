"""Files of a workspace that are none, and JSON that is none."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from engine.contract.errors import DataError, WorkspaceUnusable
from engine.workspace.files import parse_json, read_bytes, read_json


def test_a_pipe_a_socket_and_a_device_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        (tmp_path / "device").symlink_to("/dev/zero")
        (tmp_path / "circle").symlink_to(tmp_path / "circle")
        for name in ("pipe", "socket", "device", "circle"):
            with pytest.raises(WorkspaceUnusable):
                read_bytes(tmp_path / name)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'"\\ud800"',
        b'"\xed\xa0\x80"',
        '{"a": 1}'.encode("utf-16"),
        b"9" * 10_000,
        b"\xff",
        b"",
    ],
    ids=["lists", "objects", "half", "raw half", "utf-16", "long number", "no text", "empty"],
)
def test_json_that_is_none_is_one_kind_of_error(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(data)
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(DataError):
        read_json(tmp_path / "x.json")


def test_a_character_in_two_halves_is_a_character() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"
