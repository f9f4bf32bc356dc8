from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine import machine
from engine.camera.opencv import cv2
from engine.logs import OPENCV

REPOSITORY = Path(__file__).parents[2]

FAIL = """
import sys
{first}
from engine.camera.open import open_source
from engine.camera.opencv import cv2
from engine.settings import CameraSettings
from engine.contract.errors import SourceError
for text in sys.argv[1:]:
    try:
        source = open_source(text, CameraSettings())
        for _ in iter(source.read, None):
            pass
    except SourceError:
        pass
cv2.VideoCapture(98).read()
cv2.VideoCapture("/nonexistent.mp4", cv2.CAP_FFMPEG).read()
cv2.imread("/nonexistent.png")
"""


@pytest.mark.parametrize("first", ["", "import cv2"])
def test_the_libraries_print_nothing_when_sources_fail(tmp_path: Path, first: str) -> None:
    """Whichever module of the program loads OpenCV first."""
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(1).bytes(20_000))
    (tmp_path / "noise.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(2000))
    clean = {name: value for name, value in os.environ.items() if name not in OPENCV}
    ended = subprocess.run(
        [sys.executable, "-c", FAIL.format(first=first), *map(str, tmp_path.iterdir())],
        cwd=REPOSITORY,
        env=clean,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_opencv_leaves_the_other_cores_to_the_network() -> None:
    assert cv2.getNumThreads() == machine.OPENCV == 1
