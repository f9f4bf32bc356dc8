"""What the preview costs on the line: a noisy clip through the real camera code and the real app.

`pytest -s tests/tui/test_preview_bandwidth.py` prints the figures. Time is simulated: seconds are
those of the clip, at 30 frames a second; bytes are all that the app writes to its terminal.
"""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_desk import FakeDesk
from textual.drivers.headless_driver import HeadlessDriver

from engine.camera.source import Frame
from engine.contract import Preview
from engine.contract.requests import Wishes
from engine.jobs.preview import Viewer
from tests.tui.samples import model, person
from tui.app import FacedeskApp
from tui.terminal.line import BURST, CHOICES, HERE, LIMITS
from tui.widgets.preview import FramePreview

FPS, SECONDS = 30, 2
NOISE = 12.0
"""Standard deviation of the noise of each pixel and channel, 0..255: a webcam in the evening."""
pytestmark = pytest.mark.shared


class Counted(HeadlessDriver):
    """A terminal that takes everything in and counts it."""

    written = 0

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        Counted.written += len(data.encode())


@pytest.fixture(scope="module")
def noisy(clips: Path) -> list[np.ndarray]:
    """Frames of a clip, BGR, each with other noise than the frames around it."""
    capture = cv2.VideoCapture(str(clips / "man_b.mp4"))
    random = np.random.default_rng(1)
    noise = [random.normal(0, NOISE, (480, 640, 3)).astype(np.int16) for _ in range(8)]
    frames: list[np.ndarray] = []
    while len(frames) < FPS * SECONDS:
        there, image = capture.read()
        if not there:
            capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            continue
        image = cv2.resize(image, (640, 480)) + noise[len(frames) % len(noise)]
        frames.append(np.clip(image, 0, 255).astype(np.uint8))
    return frames


@pytest.mark.parametrize("size", [(120, 40), pytest.param((200, 60), marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("level", "colorterm", "ssh"),
    [
        ("normal", "truecolor", False),
        ("normal", "truecolor", True),
        ("low", "truecolor", True),
        ("normal", "256", False),
        ("off", "truecolor", False),
    ],
)
async def test_a_level_costs_no_more_than_its_budget(
    noisy, size, level, colorterm, ssh, monkeypatch
):
    if ssh:
        monkeypatch.setenv("SSH_CONNECTION", "10.0.0.2 5 10.0.0.1 22")
    else:
        monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor" if colorterm == "truecolor" else "")
    desk = FakeDesk((person("Ada Lovelace"),), (model(current=True),))
    app = FacedeskApp(desk, None, lambda: 1_795_000_000.0)
    app.driver_class = Counted
    async with app.run_test(size=size, headless=False) as pilot:
        while "recognise" not in app.board.titles:
            await pilot.press("r", "enter")
            await pilot.pause(0.05)
        for _ in range(CHOICES.index(level)):
            app.preview.action_preview_level()
        app.clear_notifications()
        await pilot.pause(0.3)
        preview = app.screen_desk.query_one("#recognition-preview", FramePreview)
        now = 100.0
        preview.clock = lambda: now
        wishes, sent = Wishes(), []
        viewer = Viewer(sent.append, title="", window=False, preview=wishes, clock=lambda: now)
        before, began = Counted.written, time.monotonic()
        for number, image in enumerate(noisy):
            now = 100.0 + number / FPS
            if number % (FPS // 4) == 0:
                app.preview.look()
                for wish in desk.asked("preview")[-1:]:
                    wishes.take(wish)
            frame = Frame(image=image, sequence=number, seconds=now, label="clip")
            viewer.show(frame, ((200, 120, 180, 180),), (), 0)
            if number % (FPS // 8) == 0 and sent:
                preview.show(sent[-1])
                await pilot.pause()
        spent = Counted.written - before
        # Titles and times in view are drawn by the real clock, however long a slow machine takes.
        took = max(SECONDS, time.monotonic() - began)
        drawn, fps = preview.account.rate(now)
    budget = (LIMITS if ssh else HERE)[level].budget
    cells = f"{sent[-1].columns}x{sent[-1].rows}" if sent else "-"
    print(
        f"\n{size[0]}x{size[1]} {level} {colorterm}: {spent / SECONDS / 1000:.1f} kB/s, "
        f"{spent / SECONDS * 8 / 1e6:.2f} Mbit/s of {budget * 8 / 1e6:.1f}, {fps:.1f} fps, "
        f"{cells} cells, {len(sent)} frames sent, told {drawn * 8 / 1e6:.2f} Mbit/s"
    )
    if level == "off":
        assert not sent
        assert spent < 500 * took
        return
    assert all(isinstance(event, Preview) for event in sent)
    largest = 48 * sent[-1].columns * sent[-1].rows
    titles = 10_000 * took
    assert spent <= budget * (SECONDS + BURST) + largest + titles
    assert fps >= 1 or ssh
