from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from engine.camera.folder import pictures_of
from engine.camera.open import open_source
from engine.camera.opencv import cv2
from engine.contract import Event, Notice, PictureSkipped
from engine.contract.errors import SourceDenied, SourceNotFound, SourceUnreadable
from engine.settings import CameraSettings

SETTINGS = CameraSettings()


def picture(path: Path, level: int = 100, size: tuple[int, int] = (40, 30)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((size[1], size[0], 3), level, np.uint8))
    return path


def test_pictures_come_sorted_by_name_from_all_folders_below(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/1.JPG", "a.bmp", "c.webp", "d.tif", ".hidden/x.png", ".y.png"):
        picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    source = open_source(str(tmp_path), SETTINGS)
    labels = [frame.label for frame in iter(source.read, None)]
    assert labels == ["a.bmp", "b/1.JPG", "b/2.png", "c.webp", "d.tif"]
    assert source.info.frames == 5


def test_a_damaged_picture_is_reported_and_skipped(tmp_path: Path) -> None:
    picture(tmp_path / "1.png")
    (tmp_path / "2.png").write_bytes(b"\x89PNG not really")
    picture(tmp_path / "3.png")
    heard: list[Event] = []
    source = open_source(str(tmp_path), SETTINGS, heard.append)
    frames = list(iter(source.read, None))
    assert [(f.label, f.sequence) for f in frames] == [("1.png", 0), ("3.png", 2)]
    assert [(e.file, e.reason, e.level) for e in heard if isinstance(e, PictureSkipped)] == [
        ("2.png", "unreadable", "warning")
    ]


def test_a_folder_without_a_picture_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(SourceUnreadable, match="no picture in the folder"):
        open_source(str(tmp_path), SETTINGS)


def test_a_folder_of_damaged_pictures_says_so(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"junk")
    heard: list[Event] = []
    with pytest.raises(SourceUnreadable, match="can be decoded"):
        open_source(str(tmp_path), SETTINGS, heard.append)
    assert [type(event) for event in heard] == [PictureSkipped]


def test_one_picture_is_a_folder_of_one(tmp_path: Path) -> None:
    source = open_source(str(picture(tmp_path / "one.png", 77)), SETTINGS)
    frames = list(iter(source.read, None))
    assert [frame.label for frame in frames] == ["one.png"]
    assert frames[0].image.mean() == 77


def test_a_missing_picture_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound):
        open_source(str(tmp_path / "absent.png"), SETTINGS)


def test_a_picture_that_vanishes_is_skipped(tmp_path: Path) -> None:
    picture(tmp_path / "1.png")
    gone = picture(tmp_path / "2.png")
    heard: list[Event] = []
    source = open_source(str(tmp_path), SETTINGS, heard.append)
    os.unlink(gone)
    assert [frame.label for frame in iter(source.read, None)] == ["1.png"]
    assert [event.file for event in heard if isinstance(event, PictureSkipped)] == ["2.png"]


def test_a_folder_of_another_user_is_denied(tmp_path: Path, ordinary_user: None) -> None:
    picture(tmp_path / "private" / "1.bmp")
    (tmp_path / "private").chmod(0)
    for path in (tmp_path / "private", tmp_path / "private" / "1.bmp"):
        with pytest.raises(SourceDenied):
            open_source(str(path), SETTINGS)


def test_a_part_that_may_not_be_read_is_reported(tmp_path: Path, ordinary_user: None) -> None:
    picture(tmp_path / "1.bmp")
    picture(tmp_path / "private" / "2.bmp")
    (tmp_path / "private").chmod(0)
    heard: list[Event] = []
    source = open_source(str(tmp_path), SETTINGS, heard.append)
    assert [frame.label for frame in iter(source.read, None)] == ["1.bmp"]
    assert [e.level for e in heard if isinstance(e, Notice) and "private" in e.text] == ["warning"]


def test_pictures_are_listed_with_their_labels_without_decoding_them(tmp_path: Path) -> None:
    one = picture(tmp_path / "b" / "1.bmp")
    (tmp_path / "a.png").write_bytes(b"junk")
    assert pictures_of(tmp_path) == ((tmp_path / "a.png", "a.png"), (one, "b/1.bmp"))
    assert pictures_of(one) == ((one, "1.bmp"),)
