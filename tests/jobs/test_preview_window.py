from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.contract.errors import NoDisplay
from engine.jobs.preview import PreviewWindow, _font, annotate
from engine.machine import display_available

REPOSITORY = Path(__file__).parents[2]

# The window must live in a main thread, and Qt ends the process when its display goes away:
# each test runs it in a process of its own.
SHOW = """
import subprocess, sys
import numpy as np
from engine.camera.source import Frame
from engine.camera.opencv import cv2
from engine.jobs.preview import PreviewWindow
window = PreviewWindow("desk")
frame = Frame(np.full((240, 320, 3), 90, np.uint8), 0, 0.0, "test")
shown = [window.show(frame, (50, 60, 90, 90), ("3 of 100", "too dark (21)")) for _ in range(20)]
assert all(shown), shown
{act}
for _ in range(400):
    if not window.show(frame, None, ()):
        break
    cv2.waitKey(10)
else:
    raise SystemExit("the window stayed open")
window.close()
assert window.show(frame, None, ()) is False
print("ended")
"""


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A screen without glass."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb (apt-get install xvfb)")
    read, write = os.pipe()
    # -noreset: a server without clients starts anew, and refuses who comes meanwhile: as after the
    # probe of a window.
    options = ("-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset")
    with subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), *options],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    ) as server:
        os.close(write)
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        monkeypatch.setenv("DISPLAY", f":{number}")
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        yield
        server.terminate()


def run(act: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SHOW.format(act=act)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_without_a_display_the_window_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not display_available()
    with pytest.raises(NoDisplay, match="neither DISPLAY nor WAYLAND_DISPLAY"):
        PreviewWindow("desk")


def test_a_display_that_does_not_answer_is_refused_and_not_a_crash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    assert display_available()
    with pytest.raises(NoDisplay, match="refused"):
        PreviewWindow("desk")


@pytest.mark.usefixtures("display")
def test_a_closed_window_ends_the_show() -> None:
    ended = run("cv2.destroyWindow('desk')")
    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (0, "ended", "")


@pytest.mark.usefixtures("display")
@pytest.mark.parametrize("key", ["Return", "Escape", "KP_Enter"])
def test_enter_and_escape_end_the_show(key: str) -> None:
    if shutil.which("xdotool") is None:
        pytest.skip("needs xdotool to press keys (apt-get install xdotool)")
    ended = run(
        "subprocess.run(['xdotool', 'search', '--name', 'desk', 'windowfocus', "
        f"'key', '{key}'], check=True)"
    )
    assert (ended.returncode, ended.stdout.strip()) == (0, "ended"), ended.stderr


def test_text_is_readable_on_a_bright_and_on_a_dark_picture() -> None:
    for level in (0, 255):
        picture = np.full((120, 320, 3), level, np.uint8)
        drawn = annotate(picture, None, ("3 von 100: zu dunkel", "Žofie, Ирина"), _font(18))
        band = drawn[:50].max(axis=2)
        assert band.max() > 240
        assert np.median(band) < 80
        assert (picture == level).all()


def test_names_of_other_scripts_are_not_drawn_as_the_same_blank() -> None:
    blank = np.zeros((40, 200, 3), np.uint8)
    drawn = [annotate(blank, None, (text,), _font(18)) for text in ("Žofie", "Ирина", "Ελένη")]
    assert all(not np.array_equal(a, b) for a, b in itertools.pairwise(drawn))


def test_the_box_is_drawn_where_the_face_is() -> None:
    drawn = annotate(np.zeros((100, 100, 3), np.uint8), (20, 30, 40, 50), (), _font(18))
    rows, columns = np.nonzero(drawn.any(axis=2))
    assert (columns.min(), rows.min()) == pytest.approx((20, 30), abs=3)
    assert (columns.max(), rows.max()) == pytest.approx((60, 80), abs=3)
