from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.camera.open import open_source
from engine.camera.v4l import (
    check_capabilities,
    check_device,
    denied,
    device_path,
    holders,
    trouble,
)
from engine.contract.errors import (
    SourceBusy,
    SourceDenied,
    SourceError,
    SourceNotFound,
    SourceUnreadable,
)
from engine.settings import CameraSettings


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="facedesk-device-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def test_a_number_and_a_path_name_the_same_device() -> None:
    assert device_path("3") == device_path("/dev/video3") == Path("/dev/video3")


def test_a_missing_camera_names_those_that_are_there(tmp_path: Path) -> None:
    for name in ("video10", "video2", "videos", "video7x"):
        (tmp_path / name).touch()
    with pytest.raises(SourceNotFound) as caught:
        check_device(tmp_path / "video0", tmp_path)
    assert caught.value.hint == f"There is {tmp_path}/video2, {tmp_path}/video10."


def test_a_missing_camera_where_there_is_none_at_all_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound) as caught:
        check_device(tmp_path / "video0", tmp_path)
    assert "No camera is attached" in caught.value.hint


def test_opening_an_absent_webcam_by_number_is_not_found() -> None:
    with pytest.raises(SourceNotFound) as caught:
        open_source("63", CameraSettings())
    assert "/dev/video63" in caught.value.message


@pytest.mark.parametrize("path", ["/dev/null", "/dev", __file__])
def test_what_is_no_video_device_is_never_opened_as_one(path: str) -> None:
    with pytest.raises(SourceUnreadable, match="not a video device"):
        check_device(Path(path))


def test_a_device_whose_camera_was_unplugged_is_not_found(tmp_path: Path) -> None:
    node = _node(tmp_path / "video250", 0o600)
    with pytest.raises(SourceNotFound):
        check_device(node, tmp_path)


def test_a_device_of_another_group_names_the_group_and_the_cure(open_folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a device that belongs to somebody else")
    node = _node(open_folder / "video250", 0o660)
    os.chown(node, 0, 44)
    os.seteuid(65534)
    try:
        with pytest.raises(SourceDenied) as caught:
            check_device(node, open_folder)
    finally:
        os.seteuid(0)
    group = "video" if _group(44) == "video" else _group(44)
    assert f"group {group}" in caught.value.message
    assert f"usermod -aG {group} " in caught.value.hint


def test_a_device_that_no_group_may_use_needs_the_administrator(tmp_path: Path) -> None:
    file = tmp_path / "video0"
    file.touch()
    file.chmod(0o600)
    error = denied(file)
    assert "mode 0600" in error.message
    assert "administrator" in error.hint


def test_a_metadata_device_is_no_camera() -> None:
    with pytest.raises(SourceUnreadable, match="metadata"):
        check_capabilities(Path("/dev/video1"), _capabilities(0x8520_0001, 0x0480_0000))


@pytest.mark.parametrize(
    "words",
    [(0x8520_0001, 0x0420_0001), (0x0500_0001, 0), (0x8420_1000, 0x0420_1000)],
    ids=["of several devices", "old driver", "planes apart"],
)
def test_a_capture_device_passes(words: tuple[int, int]) -> None:
    assert check_capabilities(Path("/dev/video0"), _capabilities(*words)) is None


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EBUSY, SourceBusy),
        (errno.EACCES, SourceDenied),
        (errno.ENODEV, SourceNotFound),
        (errno.EIO, SourceUnreadable),
    ],
)
def test_each_answer_of_the_kernel_has_its_error(
    number: int, kind: type[SourceError], tmp_path: Path
) -> None:
    file = tmp_path / "video0"
    file.touch()
    error = trouble(file, OSError(number, os.strerror(number)), tmp_path)
    assert type(error) is kind
    assert str(file) in error.message
    assert error.hint


def test_a_busy_camera_names_the_program_that_holds_it(tmp_path: Path) -> None:
    file = tmp_path / "video0"
    file.touch()
    with (
        file.open() as held,
        subprocess.Popen(["sleep", "60"], stdin=held) as program,
    ):
        deadline = time.monotonic() + 60
        while not holders(file) and time.monotonic() < deadline:
            time.sleep(0.02)
        error = trouble(file, OSError(errno.EBUSY, "busy"), tmp_path)
        program.kill()
    assert f"sleep (process {program.pid})" in error.message


def _node(path: Path, mode: int) -> Path:
    """A video device file without a driver behind it."""
    try:
        os.mknod(path, stat.S_IFCHR | mode, os.makedev(81, 250))
        path.chmod(mode)
        os.close(os.open(path, os.O_RDONLY))
    except PermissionError:
        pytest.skip("device files cannot be made or opened here")
    except OSError as error:
        if error.errno not in (errno.ENXIO, errno.ENODEV):  # no driver, which is the point
            raise
    return path


def _group(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name


def _capabilities(general: int, own: int) -> bytes:
    answer = bytearray(104)
    struct.pack_into("=2I", answer, 84, general, own)
    return bytes(answer)
