"""Which faces of a live source reach recognition."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.config import load_settings
from engine.contract import Event, Notice
from engine.jobs.find_faces import face_search
from engine.pictures import read_photograph
from engine.settings import Settings

Picture = NDArray[np.uint8]
DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings()


def showing(width: int) -> Picture:
    """A frame of 640x480 with one face of about `width` pixels."""
    scale = width / 116
    part = cv2.resize(read_photograph(DEMO / "collins.png"), None, fx=scale, fy=scale)[:480, :640]
    frame = np.full((480, 640, 3), 120, np.uint8)
    frame[: part.shape[0], : part.shape[1]] = part
    return frame


@pytest.mark.parametrize(("width", "faces"), [(40, 0), (56, 0), (75, 1), (140, 1)])
def test_faces_too_narrow_for_recognition_are_left_out(
    settings: Settings, width: int, faces: int
) -> None:
    find = face_search(settings, lambda event: None, photographs=False)
    assert len(find(showing(width))) == faces


def test_the_narrowest_face_is_a_setting(settings: Settings) -> None:
    detection = replace(settings.detection, smallest_face=48)
    small = replace(settings, detection=detection)
    assert len(face_search(small, lambda event: None, photographs=False)(showing(56))) == 1


def test_a_camera_that_stands_on_its_head_is_told_once(settings: Settings) -> None:
    told: list[Event] = []
    find = face_search(settings, told.append, photographs=False)
    frame = np.ascontiguousarray(np.rot90(showing(140), 2))
    for _ in range(12):
        assert find(frame) == ()
    (notice,) = told
    assert isinstance(notice, Notice)
    assert notice.text == "The camera stands on its head: turn it."


def test_a_picture_of_a_folder_may_lie(settings: Settings) -> None:
    find = face_search(settings, lambda event: None, photographs=True)
    assert len(find(np.ascontiguousarray(np.rot90(showing(140), 2)))) == 1
