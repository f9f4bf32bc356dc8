from __future__ import annotations

import queue
import threading
from pathlib import Path

import pytest

from engine.camera.open import open_source
from engine.camera.source import kind_of
from engine.cancel import Cancel, within
from engine.contract.errors import Cancelled, SourceError, SourceNotFound, SourceTimeout
from engine.settings import CameraSettings

SETTINGS = CameraSettings()


def test_each_text_names_its_kind(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    kinds = {
        "0": "webcam",
        "/dev/video2": "webcam",
        "/dev/v4l/by-id/usb-cam": "webcam",
        "/dev/shm/clip.mp4": "file",
        "demo:hopper": "demo",
        "rtsp://cam/live": "stream",
        "HTTP://cam/live": "stream",
        str(tmp_path / "sub"): "folder",
        str(tmp_path / "one.JPG"): "folder",
        str(tmp_path / "clip.mp4"): "file",
        (tmp_path / "clip.mp4").as_uri(): "file",
    }
    assert {text: kind_of(text) for text in kinds} == kinds


@pytest.mark.parametrize("text", ["", "   ", "ftp://user:secret@host/clip.mp4"])
def test_a_text_that_is_no_source_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(SourceNotFound) as caught:
        open_source(text, SETTINGS)
    assert caught.value.hint
    assert "secret" not in str(caught.value)


def test_an_opening_that_hangs_is_given_up_and_cleaned_up_later() -> None:
    discarded: queue.SimpleQueue[str] = queue.SimpleQueue()
    hangs = threading.Event()

    def slow() -> str:
        hangs.wait()
        return "late"

    with pytest.raises(SourceTimeout):
        within(0.1, slow, discarded.put, SourceTimeout("late"))
    assert discarded.empty()
    hangs.set()
    assert discarded.get(timeout=60) == "late"


def test_an_opening_that_hangs_can_be_cancelled() -> None:
    cancel = Cancel()
    cancel.cancel()
    hangs = threading.Event()
    with pytest.raises(Cancelled):
        within(60, hangs.wait, lambda _: None, SourceTimeout("late"), cancel)
    hangs.set()


def test_an_error_of_the_opening_arrives_unchanged() -> None:
    def fail() -> int:
        raise SourceNotFound("gone")

    with pytest.raises(SourceNotFound, match="gone"):
        within(60, fail, lambda _: None, SourceTimeout("late"))


@pytest.mark.parametrize("text", ["~nobody-of-this-name/clip.mp4", "a" * 5000, "clip\0.mp4"])
def test_a_path_that_cannot_be_is_a_source_error(text: str) -> None:
    with pytest.raises(SourceError):
        open_source(text, SETTINGS)


@pytest.mark.parametrize("text", ["file://[x/a.mp4", "~root\0/a.mp4", "replay:~root\0/a.fdrec"])
def test_an_address_that_is_malformed_is_a_source_that_is_not_there(text: str) -> None:
    kind_of(text)
    with pytest.raises(SourceError):
        open_source(text, CameraSettings())
