"""Films and streams of a few bytes whose pictures are gigantic, from the start or later."""

from __future__ import annotations

import ast
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.camera.open import open_source
from engine.camera.video import OPENING, limit_memory
from engine.contract.errors import SourceUnreadable
from engine.machine import PACKAGE_ROOT
from engine.settings import CameraSettings
from tests.attack.child import Told, child
from tests.attack.h264 import film
from tests.faults.loopback import Connection, camera

SETTINGS = CameraSettings(open_timeout=60, read_timeout=60)
FEW = 200
"""MiB that a film of small pictures, or one that is refused, may take."""
OPENS = {"engine/camera/video.py", "engine/camera/open.py"}


def played(source: Path | str) -> Told:
    """How many frames a source gives, or its error, in a process of its own."""
    return child(
        "said = 0\n"
        "try:\n"
        "    source = open_source(text, CameraSettings(open_timeout=60, read_timeout=60))\n"
        "    while source.read() is not None: said += 1\n"
        "except SourceError as error:\n"
        "    said = [said, error.title]\n",
        "from engine.camera.open import open_source\n"
        "from engine.settings import CameraSettings\n"
        "from engine.contract.errors import SourceError\n",
        text=str(source),
    )


@pytest.mark.parametrize("kept", [1, 16])
def test_a_clip_of_gigantic_pictures_is_refused_before_they_are_decoded(
    tmp_path: Path, kept: int
) -> None:
    (tmp_path / "a.h264").write_bytes(film(16000, 16000, 20, kept))
    told = played(tmp_path / "a.h264")
    assert told.said == [0, "The pictures are too large"]
    assert told.megabytes < FEW


LONGER = [pytest.param(side, marks=pytest.mark.long) for side in (8192, 10400)]


@pytest.mark.parametrize("side", [6400, 16000, *LONGER])
def test_a_clip_whose_pictures_become_gigantic_ends_there(tmp_path: Path, side: int) -> None:
    (tmp_path / "a.h264").write_bytes(film(64, 48, 20) + film(side, side, 40, 16))
    told = played(tmp_path / "a.h264")
    assert told.said == 20
    assert told.megabytes < FEW


def test_a_container_that_says_little_of_gigantic_pictures_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for number in range(20):
        writer.write(np.full((48, 64, 3), 10 * number, np.uint8))
    writer.release()
    data, start = bytearray(path.read_bytes()), 0
    while (start := data.find(b"\xff\xc0", start + 1)) > 0:
        data[start + 5 : start + 9] = bytes.fromhex("3e803e80")  # 16,000 x 16,000
    path.write_bytes(data)
    told = played(path)
    assert told.said == [0, "The file cannot be played"]
    assert told.megabytes < FEW


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (film(16000, 16000, 20, 16), "The pictures are too large"),
        (film(64, 48, 20) + film(16000, 16000, 20, 16), "The stream broke off"),
    ],
    ids=["from the start", "later"],
)
def test_a_film_over_http_is_held_to_the_same(data: bytes, said: str) -> None:
    def behave(connection: Connection) -> None:
        connection.answer("200 OK", "Content-Type: video/h264", body=data)

    with camera(behave) as server:
        told = played(server.address("/film.h264"))
    assert told.said[1] == said
    assert told.megabytes < FEW


@pytest.mark.long
def test_the_largest_film_that_is_let_in_takes_less_than_two_gigabytes(tmp_path: Path) -> None:
    (tmp_path / "a.h264").write_bytes(film(6000, 5984, 24, 16))
    told = played(tmp_path / "a.h264")
    assert told.said == 24
    assert told.megabytes < 2000


def test_a_film_that_is_cut_short_plays_what_there_is(tmp_path: Path) -> None:
    data = film(64, 48, 20)
    for length in range(20, len(data), 7):
        (tmp_path / "a.h264").write_bytes(data[:length])
        try:
            source = open_source(str(tmp_path / "a.h264"), SETTINGS)
        except SourceUnreadable:
            continue
        assert len(list(iter(source.read, None))) <= 20
        source.close()


@pytest.mark.parametrize(("width", "height"), [(64, 48), (7680, 4320)])
def test_sound_films_up_to_8k_are_played(tmp_path: Path, width: int, height: int) -> None:
    (tmp_path / "a.h264").write_bytes(film(width, height, 2))
    source = open_source(str(tmp_path / "a.h264"), SETTINGS)
    frames = list(iter(source.read, None))
    source.close()
    assert [frame.image.shape for frame in frames] == [(height, width, 3)] * 2


def test_the_library_that_is_limited_is_found() -> None:
    assert limit_memory(OPENING)


def test_films_are_opened_in_one_place() -> None:
    found = {
        file.relative_to(PACKAGE_ROOT).as_posix()
        for file in PACKAGE_ROOT.glob("engine/**/*.py")
        if "VideoCapture" in (text := file.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("VideoCapture")
    }
    assert found == OPENS
