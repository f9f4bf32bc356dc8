"""Too little memory is told as that, and nothing is called damaged, refused or deleted for it."""

from __future__ import annotations

import errno
import mmap
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from engine import pictures
from engine.contract.errors import DataError, ModelCorrupt, OutOfMemory
from engine.pictures import Unreadable, read_photograph
from engine.shortage import lacking, refuse_shortage, shortage
from tests.templates import copy_of

REPOSITORY = Path(__file__).resolve().parents[1]
PORTRAIT = REPOSITORY / "data" / "demo" / "collins.png"
HUGE = 1 << 46
"""Bytes that no machine of ours has."""


def met(work) -> BaseException:
    """The error that `work` meets."""
    with pytest.raises(Exception) as found:  # noqa: PT011
        work()
    return found.value


def test_libraries_that_are_refused_memory_say_so_each_in_its_way() -> None:
    for work in (
        lambda: bytearray(HUGE),
        lambda: np.empty(HUGE, np.uint8),
        lambda: mmap.mmap(-1, HUGE),
        lambda: cv2.copyMakeBorder(
            np.zeros((1, 1), np.uint8), 0, 2**30, 0, 2**20, cv2.BORDER_CONSTANT
        ),
    ):
        assert isinstance(shortage(met(work)), OutOfMemory)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Exception from src/core.cpp:1: std::bad_alloc"),
        RuntimeError("Node Convolution_11 of type Convolution can't alloc"),
        RuntimeError("can't start new thread"),
        ImportError("libtensorflow_cc.so.2: failed to map segment from shared object"),
        OSError("out of memory error when reading image file"),
    ],
)
def test_what_native_libraries_say_of_memory_is_known(error: Exception) -> None:
    found = shortage(error)
    assert isinstance(found, OutOfMemory)
    assert str(error) in found.message
    assert found.exit_code == 7


@pytest.mark.parametrize(
    "error",
    [
        ValueError("bad_alloc"),
        ImportError("No module named 'openvino'"),
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EACCES, "out of memory"),
        ModelCorrupt("Arrays are damaged"),
    ],
)
def test_other_trouble_stays_what_it_is(error: Exception) -> None:
    assert shortage(error) is None
    refuse_shortage(error)


def test_a_lack_of_memory_is_found_behind_what_was_made_of_it() -> None:
    def damaged() -> None:
        try:
            bytearray(HUGE)
        except MemoryError as error:
            raise ModelCorrupt("Arrays are damaged") from error

    assert isinstance(shortage(met(damaged)), OutOfMemory)


def test_memory_is_asked_for_without_being_used() -> None:
    assert lacking(HUGE)
    assert not lacking(1_000_000)


LIMITED = """
import resource, sys
from pathlib import Path
from engine.shortage import _size
from engine.contract.errors import OutOfMemory

def limit(megabytes):
    most = _size() + megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (most, most))

{program}
"""


def limited(program: str, *arguments: str | Path) -> list[str]:
    """The lines of a program that limits its own memory."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED.format(program=program), *map(str, arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_sound_photograph_is_not_called_damaged_for_want_of_memory(tmp_path: Path) -> None:
    Image.new("RGB", (6000, 5000), "grey").save(tmp_path / "large.png", compress_level=1)
    lines = limited(
        """
from engine.pictures import read_photograph
limit(60)
try:
    read_photograph(Path(sys.argv[1]))
except OutOfMemory as error:
    print(error.message)
""",
        tmp_path / "large.png",
    )
    assert lines == ["decoding large.png needs 368 MB"]


def test_sound_arrays_are_not_called_damaged_for_want_of_memory() -> None:
    lines = limited(
        """
import numpy as np
from engine.model.arrays import pack, unpack
data = pack({"weights": np.zeros(100_000_000, np.uint8)})
limit(20)
try:
    unpack(data, "weights.npz")
except OutOfMemory as error:
    print(error.title)
"""
    )
    assert lines == ["There is too little memory"]


def test_a_file_that_asks_for_more_than_a_sound_one_needs_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (20, 20)).save(tmp_path / "bomb.png")

    def greedy(image: Image.Image) -> None:
        bytearray(HUGE)

    monkeypatch.setattr(pictures, "_eight_bit_rgb", greedy)
    with pytest.raises(Unreadable):
        read_photograph(tmp_path / "bomb.png")


@pytest.mark.parametrize("words", [pytest.param("train", marks=pytest.mark.long), "import"])
def test_a_command_in_too_little_memory_says_how_much_it_needs_and_loses_nothing(
    words: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    (tmp_path / "photos" / "Ada").mkdir(parents=True)
    Image.open(PORTRAIT).convert("RGB").resize((1500, 1500)).save(
        tmp_path / "photos" / "Ada" / "1.png"
    )

    def facedesk(*arguments: str, megabytes: int = 0) -> subprocess.CompletedProcess[str]:
        def limit() -> None:
            if megabytes:
                resource.setrlimit(resource.RLIMIT_AS, (megabytes * 10**6,) * 2)

        return subprocess.run(
            [sys.executable, "-m", "tui", *arguments, "--workspace", str(tmp_path / "w")],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            preexec_fn=limit,
            timeout=300,
        )

    if words == "train":
        enrolled = copy_of(request.getfixturevalue("demo_trained"), tmp_path / "w")
        shutil.rmtree(enrolled.features)  # a network is needed
    before = {file: file.read_bytes() for file in (tmp_path / "w" / "people").rglob("*.png")}
    arguments = ["train"] if words == "train" else ["import", str(tmp_path / "photos")]
    done = facedesk(*arguments, megabytes=800)
    assert done.returncode == 7, done.stderr
    assert "facedesk: There is too little memory: loading " in done.stderr
    assert "MB" in done.stderr
    assert "raise `ulimit -v`" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "refused" not in done.stdout + done.stderr
    assert before == {file: file.read_bytes() for file in before}


def test_an_error_of_memory_is_none_of_data() -> None:
    assert not issubclass(OutOfMemory, DataError)
