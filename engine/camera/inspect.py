"""What the kernel knows about each video device: name, formats, sizes, rates, controls, access.

Asked by ioctl (https://docs.kernel.org/userspace-api/media/v4l/), without OpenCV and without
starting a capture, so that it works beside another program's. A driver may hang in `open`: the
caller's wait is bounded.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.camera.deadline import within
from engine.camera.device import (
    CAPTURE,
    HAS_DEVICE_CAPS,
    QUERYCAP,
    cameras,
    check_device,
    group_name,
    holders,
    is_member,
    opened,
    user_name,
)
from engine.errors import SourceError, SourceTimeout

ENUM_FMT = 0xC0405602  # VIDIOC_ENUM_FMT: _IOWR('V', 2, struct v4l2_fmtdesc), 64 bytes
ENUM_FRAMESIZES = 0xC02C564A  # _IOWR('V', 74, struct v4l2_frmsizeenum), 44 bytes
ENUM_FRAMEINTERVALS = 0xC034564B  # _IOWR('V', 75, struct v4l2_frmivalenum), 52 bytes
G_CTRL = 0xC008561B  # VIDIOC_G_CTRL: _IOWR('V', 27, struct v4l2_control), 8 bytes
BUFFER_CAPTURE, DISCRETE = 1, 1
MOST = 64
"""Formats, sizes and rates that are asked for; a driver that never ends is cut off."""
PATIENCE = 3.0
"""Seconds that one device may take to answer."""
CONTROLS: dict[str, int] = {
    "brightness": 0x00980900,
    "gain": 0x00980913,
    "exposure_auto": 0x009A0901,  # 1 manual, 3 aperture priority (the usual automatic)
    "exposure_time": 0x009A0902,  # in 0.1 ms
    "exposure_dynamic_framerate": 0x009A0903,
}


@dataclass(frozen=True, slots=True)
class Size:
    """A picture size in pixels, and the rates the camera offers at it, frames a second.

    `stepwise` sizes are the largest of a range.
    """

    width: int
    height: int
    rates: tuple[float, ...] = ()
    stepwise: bool = False


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """A pixel format by its four letters (`MJPG`, `YUYV`) with its sizes, largest first."""

    code: str
    sizes: tuple[Size, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use the device file. `member` is whether the group lists this user."""

    owner: str
    group: str
    mode: int
    user: str
    usable: bool
    member: bool


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """One video device. `metadata` devices never deliver a picture. `trouble` is why it cannot
    be used now, or None."""

    path: Path
    name: str
    driver: str = ""
    bus: str = ""
    metadata: bool = False
    formats: tuple[PictureFormat, ...] = ()
    controls: dict[str, int] = field(default_factory=dict)
    access: Access | None = None
    holders: tuple[tuple[int, str], ...] = ()
    trouble: SourceError | None = None


def inspect_cameras(
    devices: Path = Path("/dev"), sysfs: Path = Path("/sys/class/video4linux")
) -> tuple[CameraFacts, ...]:
    """Every video device there is. Never raises: what goes wrong is a device's `trouble`."""
    return tuple(_in_time(path, devices, sysfs) for path in cameras(devices))


def _in_time(path: Path, devices: Path, sysfs: Path) -> CameraFacts:
    late = SourceTimeout(
        "The camera does not answer",
        f"its driver has kept {path} for {PATIENCE:g} s",
        "Unplug it and plug it in again; `sudo dmesg | tail` may say why.",
    )
    try:
        return within(PATIENCE, lambda: inspect(path, devices, sysfs), lambda facts: None, late)
    except SourceTimeout as error:
        return CameraFacts(path, _name(path, sysfs), trouble=error)


def inspect(path: Path, devices: Path, sysfs: Path) -> CameraFacts:
    """One device. May hang where its driver does."""
    access, held = _access(path), holders(path)
    name, driver, bus, metadata = _name(path, sysfs), "", "", False
    formats: tuple[PictureFormat, ...] = ()
    controls: dict[str, int] = {}
    try:
        with opened(path) as device:
            driver, card, bus, metadata = _capabilities(device)
            name = card or name
            if not metadata:
                formats = tuple(_formats(device))
                controls = _controls(device)
    except OSError:
        pass  # check_device finds out why, and says it better
    trouble = None
    if not metadata:
        try:
            check_device(path, devices)
        except SourceError as error:
            trouble = error
    return CameraFacts(path, name, driver, bus, metadata, formats, controls, access, held, trouble)


def _name(path: Path, sysfs: Path) -> str:
    """The camera's name as the kernel registered it; needs no access to the device."""
    try:
        return (sysfs / path.name / "name").read_text(errors="replace").strip()[:80]
    except OSError:
        return ""


def _capabilities(device: int) -> tuple[str, str, str, bool]:
    """Driver, card, bus, and whether it is a device without pictures."""
    answer = fcntl.ioctl(device, QUERYCAP, bytes(104))
    driver, card, bus = struct.unpack_from("=16s32s32s", answer)
    general, own = struct.unpack_from("=2I", answer, 84)
    pictures = (own if general & HAS_DEVICE_CAPS else general) & CAPTURE
    return _text(driver), _text(card), _text(bus), not pictures


def _formats(device: int) -> Iterator[PictureFormat]:
    for index in range(MOST):
        try:
            asked = struct.pack("=3I", index, BUFFER_CAPTURE, 0) + bytes(52)
            answer = fcntl.ioctl(device, ENUM_FMT, asked)
        except OSError:  # EINVAL: no more
            return
        code = struct.unpack_from("=I", answer, 44)[0]
        sizes = {(size.width, size.height): size for size in _sizes(device, code)}
        ordered = sorted(sizes.values(), key=lambda size: -size.width * size.height)
        yield PictureFormat(_text(struct.pack("<I", code)) or hex(code), tuple(ordered))


def _sizes(device: int, code: int) -> Iterator[Size]:
    for index in range(MOST):
        try:
            answer = fcntl.ioctl(
                device, ENUM_FRAMESIZES, struct.pack("=2I", index, code) + bytes(36)
            )
        except OSError:
            return
        kind, first, second, _unused, _unused, height, _unused = struct.unpack_from(
            "=7I", answer, 8
        )
        if kind != DISCRETE:  # least, most and step of width, then of height
            yield Size(second, height, tuple(_rates(device, code, second, height)), True)
            return
        yield Size(first, second, tuple(_rates(device, code, first, second)))


def _rates(device: int, code: int, width: int, height: int) -> Iterator[float]:
    for index in range(MOST):
        try:
            asked = struct.pack("=4I", index, code, width, height) + bytes(36)
            answer = fcntl.ioctl(device, ENUM_FRAMEINTERVALS, asked)
        except OSError:
            return
        kind, numerator, denominator = struct.unpack_from("=3I", answer, 16)
        if numerator:
            yield round(denominator / numerator, 2)  # the shortest interval of a range
        if kind != DISCRETE:
            return


def _controls(device: int) -> dict[str, int]:
    found = {}
    for name, number in CONTROLS.items():
        try:
            answer = fcntl.ioctl(device, G_CTRL, struct.pack("=Ii", number, 0))
        except OSError:  # this camera has no such control
            continue
        found[name] = struct.unpack("=Ii", answer)[1]
    return found


def _access(path: Path) -> Access | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    user = user_name(os.geteuid())
    return Access(
        owner=user_name(facts.st_uid),
        group=group_name(facts.st_gid),
        mode=stat.S_IMODE(facts.st_mode),
        user=user,
        usable=os.access(path, os.R_OK | os.W_OK, effective_ids=True),
        member=is_member(user, facts.st_gid),
    )


def _text(raw: bytes) -> str:
    """A C string of the kernel without anything that a terminal could trip over."""
    text = raw.split(b"\0")[0].decode("utf-8", "replace").strip()
    return "".join(letter for letter in text if letter.isprintable())
