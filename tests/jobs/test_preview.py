"""What an operator is told of a capture while it runs, and of one that kept nothing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.cancel import Cancel
from engine.contract import EnrolDone
from engine.contract.requests import EnrolRequest
from engine.jobs.enrol import enrol, nothing_captured
from engine.jobs.preview import Viewer
from engine.settings import Settings
from engine.workspace.folder import Workspace

PORTRAIT = Path(__file__).resolve().parents[2] / "data/demo/collins.png"


def refused(ended: str = "source_ended", **reasons: int) -> EnrolDone:
    return EnrolDone(
        person="Ada", session="", captured=0, target=9, refused=reasons, seconds=1, ended=ended
    )


@pytest.mark.parametrize(
    ("done", "hint"),
    [
        (refused(blurred=3, too_small=2), "Come closer"),
        (refused(blurred=90, too_small=2), "Hold still"),
        (refused(no_face=2, blurred=90), "Hold still"),
        (refused(no_face=2), "Face the camera"),
        (refused("stopped"), ""),
        (refused("cancelled", too_small=2), ""),
    ],
)
def test_what_to_mend_first_is_said_of_a_capture_without_a_picture(
    done: EnrolDone, hint: str
) -> None:
    error = nothing_captured(done)
    assert error.hint.startswith(hint)
    assert bool(error.hint) == bool(hint)


def test_every_reason_is_told_with_its_count() -> None:
    error = nothing_captured(refused(too_small=2, blurred=3))
    assert error.message == "5 frames were refused: 3 blurred, 2 too small"


def test_the_window_shows_the_count_on_refused_frames_too(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portrait = cv2.imread(str(PORTRAIT))
    assert portrait is not None
    dark = np.zeros_like(portrait)
    for number, picture in enumerate((portrait, dark)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    shown: list[tuple[str, ...]] = []
    show = Viewer.show

    def seen(self: Viewer, frame, boxes, lines, dropped):
        shown.append(lines)
        return show(self, frame, boxes, lines, dropped)

    monkeypatch.setattr(Viewer, "show", seen)
    request = EnrolRequest(person="Eileen Collins", source=str(tmp_path), count=9, pace="fast")
    with workspace.writer("test"):
        enrol(workspace, Settings(), request, Cancel(), lambda event: None)
    assert shown == [
        ("1 of 9", "Enter or Esc: stop"),
        ("1 of 9", "no face", "Enter or Esc: stop"),
    ]
