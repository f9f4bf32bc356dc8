"""Files of a workspace that are none, and JSON that is none."""

from __future__ import annotations

import math
import os
import socket
from pathlib import Path

import pytest

from engine.contract.errors import DataError, WorkspaceUnusable
from engine.workspace.files import parse_json, read_bytes, read_json, write_json


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
        b'{"a": [NaN]}',
        b"-Infinity",
        b"-1e999",
        b"9" * 400,
        b"\xff",
        b"",
    ],
    ids=[
        "lists",
        "objects",
        "half",
        "raw half",
        "utf-16",
        "long number",
        "nan",
        "infinity",
        "large exponent",
        "no float",
        "no text",
        "empty",
    ],
)
def test_json_that_is_none_is_one_kind_of_error(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(data)
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(DataError):
        read_json(tmp_path / "x.json")


def test_numbers_that_a_float_can_hold_are_read_and_no_others_are_written(tmp_path: Path) -> None:
    assert parse_json(b"[1e308, -0.5, 12]") == [1e308, -0.5, 12]
    assert parse_json("9" * 308) == int("9" * 308)
    assert parse_json(b"[NaN, null]", nan=True) == [pytest.approx(math.nan, nan_ok=True), None]
    with pytest.raises(ValueError, match="no number"):
        parse_json(b"1e999", nan=True)
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="JSON"):
            write_json(tmp_path / "x.json", {"a": value})
    assert not list(tmp_path.iterdir())


def test_a_character_in_two_halves_is_a_character() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"
