"""Video devices as the kernel describes them: its structs, byte by byte, at the system calls."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.camera import v4l
from engine.camera.v4l import (
    ENUM_FMT,
    ENUM_FRAMEINTERVALS,
    ENUM_FRAMESIZES,
    G_CTRL,
    QUERYCAP,
    REQBUFS,
    Size,
    inspect_cameras,
)
from engine.contract.errors import SourceBusy, SourceDenied, SourceTimeout

VIDEO, METADATA = 0x8520_0001, 0x8080_0000
MJPG, YUYV = struct.unpack("<2I", b"MJPGYUYV")
SIZES = {MJPG: ((640, 480, (30, 15)), (1280, 720, (30,))), YUYV: ((640, 480, (30,)),)}


class Kernel:
    """Answers a webcam's ioctls with the structs of videodev2.h."""

    def __init__(self) -> None:
        self.capabilities = 0x0420_0001
        self.busy = False
        self.denied = False
        self.stepwise = False
        self.hang: threading.Event | None = None
        self.open = os.open

    def opens(self, path: str | Path, flags: int, *more: int, **named: object) -> int:
        if not str(path).rpartition("/")[2].startswith("video"):
            return self.open(path, flags, *more, **named)  # type: ignore[arg-type]
        if self.hang is not None:
            self.hang.wait(30)
        if self.denied:
            raise PermissionError(errno.EACCES, "denied", str(path))
        return self.open("/dev/null", os.O_RDWR)

    def ioctl(self, device: int, request: int, argument: bytes = b"") -> bytes:
        if request == QUERYCAP:
            head = struct.pack("=16s32s32s", b"uvcvideo", b"HD Webcam\x1b[1m: x", b"usb-0000:00:14")
            return head + struct.pack("=3I", 0x060800, VIDEO, self.capabilities) + bytes(12)
        if request == REQBUFS:
            if self.busy:
                raise OSError(errno.EBUSY, "busy")
            return argument
        if request == ENUM_FMT:
            return self._format(*struct.unpack_from("=I", argument))
        if request == ENUM_FRAMESIZES:
            return self._size(*struct.unpack_from("=2I", argument))
        if request == ENUM_FRAMEINTERVALS:
            return self._rate(*struct.unpack_from("=4I", argument))
        if request == G_CTRL:
            number = struct.unpack_from("=I", argument)[0]
            values = {0x009A0901: 3, 0x009A0902: 157}
            if number not in values:
                raise OSError(errno.EINVAL, "no such control")
            return struct.pack("=Ii", number, values[number])
        raise OSError(errno.ENOTTY, "unknown")

    def _format(self, index: int) -> bytes:
        if index >= 2:
            raise OSError(errno.EINVAL, "no more")
        code = (MJPG, YUYV)[index]
        return struct.pack("=3I32sI", index, 1, 0, b"described", code) + bytes(16)

    def _size(self, index: int, code: int) -> bytes:
        if self.stepwise:
            return struct.pack("=3I6I2I", index, code, 3, 160, 1920, 8, 120, 1080, 8, 0, 0)
        if index >= len(SIZES[code]):
            raise OSError(errno.EINVAL, "no more")
        width, height, _ = SIZES[code][index]
        return struct.pack("=5I", index, code, 1, width, height) + bytes(24)

    def _rate(self, index: int, code: int, width: int, height: int) -> bytes:
        rates = next((r for w, h, r in SIZES[code] if (w, h) == (width, height)), (25,))
        if index >= len(rates):
            raise OSError(errno.EINVAL, "no more")
        return struct.pack("=7I", index, code, width, height, 1, 1, rates[index]) + bytes(24)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    monkeypatch.setattr(os, "open", made.opens)
    monkeypatch.setattr(fcntl, "ioctl", made.ioctl)
    return made


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Make device files and what sysfs says of them."""

    def make(*names: str, mode: int = 0o660) -> tuple[Path, Path]:
        devices, sysfs = tmp_path / "dev", tmp_path / "sys"
        devices.mkdir()
        for number, name in enumerate(names):
            node = devices / f"video{number}"
            try:
                os.mknod(node, stat.S_IFCHR | mode, os.makedev(81, 200 + number))
            except PermissionError:
                pytest.skip("device files cannot be made here")
            node.chmod(mode)
            (sysfs / node.name).mkdir(parents=True)
            (sysfs / node.name / "name").write_text(f"{name}\n")
        return devices, sysfs

    return make


def test_a_machine_without_cameras_has_none(tmp_path: Path) -> None:
    assert inspect_cameras(tmp_path, tmp_path) == ()


def test_name_formats_sizes_and_rates_are_those_of_the_driver(kernel: Kernel, machine) -> None:
    (camera,) = inspect_cameras(*machine("HD Webcam"))
    assert (camera.name, camera.driver, camera.bus) == (
        "HD Webcam[1m: x",  # without the escape that a terminal would obey
        "uvcvideo",
        "usb-0000:00:14",
    )
    assert [item.code for item in camera.formats] == ["MJPG", "YUYV"]
    assert camera.formats[0].sizes == (Size(1280, 720, (30.0,)), Size(640, 480, (30.0, 15.0)))
    assert camera.controls == {"exposure_auto": 3, "exposure_time": 157}
    assert camera.trouble is None


def test_a_range_of_sizes_counts_as_its_largest(kernel: Kernel, machine) -> None:
    kernel.stepwise = True
    (camera,) = inspect_cameras(*machine("HD Webcam"))
    assert camera.formats[0].sizes == (Size(1920, 1080, (25.0,), True),)


def test_a_metadata_device_is_told_apart(kernel: Kernel, machine) -> None:
    kernel.capabilities = METADATA
    (camera,) = inspect_cameras(*machine("HD Webcam"))
    assert camera.metadata
    assert camera.formats == ()


def test_a_busy_camera_still_tells_what_it_can_do(kernel: Kernel, machine) -> None:
    kernel.busy = True
    (camera,) = inspect_cameras(*machine("HD Webcam"))
    assert isinstance(camera.trouble, SourceBusy)
    assert camera.formats


def test_a_camera_that_may_not_be_opened_has_its_name_from_sysfs(kernel: Kernel, machine) -> None:
    kernel.denied = True
    (camera,) = inspect_cameras(*machine("Conference Camera", mode=0o600))
    assert camera.name == "Conference Camera"
    assert isinstance(camera.trouble, SourceDenied)
    assert camera.access is not None
    assert (camera.access.mode, camera.access.group) == (0o600, "root")


def test_a_driver_that_hangs_is_a_finding_and_the_others_are_still_looked_at(
    kernel: Kernel, machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(v4l, "PATIENCE", 0.2)
    kernel.hang = threading.Event()
    first, second = inspect_cameras(*machine("Hung", "Hung too"))
    kernel.hang.set()
    assert isinstance(first.trouble, SourceTimeout)
    assert (first.name, second.name) == ("Hung", "Hung too")
