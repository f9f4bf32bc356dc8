"""What the kernel knows of a video device: why it cannot be used, name, formats, controls, access.

OpenCV only says that it did not open. The kernel knows more, and is asked by ioctl
(https://docs.kernel.org/userspace-api/media/v4l/) without starting a capture, so that it works
beside another program's. A driver may hang in `open`: the caller's wait is bounded.
"""

from __future__ import annotations

import errno
import fcntl
import grp
import os
import pwd
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.cancel import within
from engine.contract.errors import (
    SourceBusy,
    SourceDenied,
    SourceError,
    SourceNotFound,
    SourceTimeout,
    SourceUnreadable,
)
from engine.machine import account, user_name

QUERYCAP = 0x80685600  # VIDIOC_QUERYCAP: _IOR('V', 0, struct v4l2_capability), 104 bytes
REQBUFS = 0xC0145608  # VIDIOC_REQBUFS: _IOWR('V', 8, struct v4l2_requestbuffers), 20 bytes
CAPTURE = 0x1 | 0x1000  # V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE_MPLANE
HAS_DEVICE_CAPS = 0x8000_0000
VIDEO_MAJOR = 81
BUFFER_CAPTURE, MEMORY_MMAP = 1, 1


def device_path(text: str) -> Path:
    """The device file of `0` or `/dev/video0`."""
    return Path(f"/dev/video{int(text)}") if text.isdigit() else Path(text)


def check_device(path: Path, devices: Path = Path("/dev")) -> None:
    """Return if `path` is a camera that can be used now, else raise the typed cause.

    Raises SourceNotFound, SourceDenied, SourceBusy or SourceUnreadable. `devices` is where
    other cameras are looked for, to be named in the hint.
    """
    try:
        facts = path.stat()
        # Before it is opened: to open some devices is to set them off.
        if not stat.S_ISCHR(facts.st_mode) or os.major(facts.st_rdev) != VIDEO_MAJOR:
            raise not_a_camera(path, "it is not a video device", devices)
        with opened(path) as device:
            _ask(device, path, devices)
    except OSError as error:
        raise trouble(path, error, devices) from error


def _ask(device: int, path: Path, devices: Path) -> None:
    try:
        answer = fcntl.ioctl(device, QUERYCAP, bytes(104))
    except OSError as error:
        if error.errno in (errno.ENOTTY, errno.EINVAL):
            raise not_a_camera(path, "it is not a video device", devices) from error
        raise
    check_capabilities(path, answer, devices)
    # Freeing no buffers changes nothing, but is refused while another program captures.
    fcntl.ioctl(device, REQBUFS, struct.pack("=5I", 0, BUFFER_CAPTURE, MEMORY_MMAP, 0, 0))


def check_capabilities(path: Path, answer: bytes, devices: Path = Path("/dev")) -> None:
    """Raise SourceUnreadable unless this `struct v4l2_capability` is that of a camera.

    Webcams come with a second device file for metadata that never delivers a picture.
    """
    if not _captures(answer):
        raise not_a_camera(path, "it delivers metadata or output, no pictures", devices)


def _captures(answer: bytes) -> bool:
    """Whether the device of this `struct v4l2_capability` delivers pictures."""
    general, own = struct.unpack_from("=2I", answer, 84)
    return bool((own if general & HAS_DEVICE_CAPS else general) & CAPTURE)


def trouble(path: Path, error: OSError, devices: Path = Path("/dev")) -> SourceError:
    """The typed error for what the operating system said about `path`."""
    if error.errno in (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOTDIR):
        hint = "No camera is attached. Plug one in, or try the source demo:collins."
        if there := _others(path, devices):
            hint = f"There is {there}."
        return SourceNotFound("There is no such camera", f"{path} does not exist", hint)
    if error.errno in (errno.EACCES, errno.EPERM):
        return denied(path)
    if error.errno in (errno.EBUSY, errno.EAGAIN):
        programs = ", ".join(f"{name} (process {pid})" for pid, name in holders(path))
        said = f"{path} is held by {programs or 'another program'}"
        hint = "Close that program or its camera, then try again."
        return SourceBusy("The camera is in use", said, hint)
    said = f"{path}: {os.strerror(error.errno or 0)}"
    hint = "Unplug it, plug it in again, and look at `dmesg`."
    return SourceUnreadable("The camera does not answer", said, hint)


def not_a_camera(path: Path, why: str, devices: Path = Path("/dev")) -> SourceUnreadable:
    """The path exists but will never deliver a picture."""
    there = _others(path, devices)
    hint = f"Try {there}." if there else "List cameras with `ls /dev/video*`."
    return SourceUnreadable("This is not a camera", f"{path}: {why}", hint)


def _others(path: Path, devices: Path) -> str:
    return ", ".join(str(each) for each in cameras(devices) if each != path)


def denied(path: Path) -> SourceDenied:
    """Which group may use the device, and how to join it."""
    title, access = "The camera may not be used", _access(path)
    if access is None:
        return SourceDenied(title, f"{path} cannot be looked at", f"Check `ls -l {path}`.")
    group, user = access.group, access.user
    message = f"{path} belongs to group {group}, and {user} may not read and write it"
    hint = f"Run `sudo usermod -aG {group} {user}`, then log out and in again."
    if access.mode & 0o060 != 0o060 or group == group_name(0):
        message = f"{path} belongs to {access.owner}:{group} with mode {access.mode:04o}"
        hint = "Ask the administrator for read and write access to it."
    elif account(os.geteuid()) is None:
        hint = f"Give this user an account that is in group {group}."
    elif access.member:
        hint = f"{user} has been added to {group}: log out and in again for it to count."
    return SourceDenied(title, message, hint)


def cameras(devices: Path = Path("/dev")) -> tuple[Path, ...]:
    """The video devices there are, in order of their number."""
    found = [p for p in devices.glob("video*") if p.name[5:].isdigit()]
    return tuple(sorted(found, key=lambda p: int(p.name[5:])))


def holders(path: Path) -> tuple[tuple[int, str], ...]:
    """Process id and name of the other processes that have `path` open, as far as visible."""
    real, found = os.path.realpath(path), []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            if real in [os.readlink(link) for link in (process / "fd").iterdir()]:
                name = (process / "comm").read_bytes().decode("utf-8", "replace").strip()
                found.append((int(process.name), name))
        except OSError:
            continue  # another user's process, or one that has just ended
    return tuple(sorted(found))


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """The device's file descriptor, closed afterwards; opening it starts nothing."""
    device = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        yield device
    finally:
        os.close(device)


def group_name(gid: int) -> str:
    """The group's name, or its number where it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def is_member(user: str, gid: int) -> bool:
    """Whether the group database lists `user`, even if this login does not know yet."""
    try:
        return user in grp.getgrgid(gid).gr_mem or pwd.getpwnam(user).pw_gid == gid
    except KeyError:
        return False


ENUM_FMT = 0xC0405602  # VIDIOC_ENUM_FMT: _IOWR('V', 2, struct v4l2_fmtdesc), 64 bytes
ENUM_FRAMESIZES = 0xC02C564A  # _IOWR('V', 74, struct v4l2_frmsizeenum), 44 bytes
ENUM_FRAMEINTERVALS = 0xC034564B  # _IOWR('V', 75, struct v4l2_frmivalenum), 52 bytes
G_CTRL = 0xC008561B  # VIDIOC_G_CTRL: _IOWR('V', 27, struct v4l2_control), 8 bytes
DISCRETE = 1
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
    """One video device; a `metadata` device never delivers. `trouble`: why it is of no use now."""

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
    return _text(driver), _text(card), _text(bus), not _captures(answer)


def _listed(
    device: int, number: int, size: int, asked: Callable[[int], tuple[int, ...]]
) -> Iterator[bytes]:
    """The driver's answers to one question after the other, until it has no more (EINVAL)."""
    for index in range(MOST):
        words = asked(index)
        try:
            question = struct.pack(f"={len(words)}I", *words).ljust(size, b"\0")
            yield fcntl.ioctl(device, number, question)
        except OSError:
            return


def _formats(device: int) -> Iterator[PictureFormat]:
    for answer in _listed(device, ENUM_FMT, 64, lambda index: (index, BUFFER_CAPTURE)):
        code = struct.unpack_from("=I", answer, 44)[0]
        sizes = {(size.width, size.height): size for size in _sizes(device, code)}
        ordered = sorted(sizes.values(), key=lambda size: -size.width * size.height)
        yield PictureFormat(_text(struct.pack("<I", code)) or hex(code), tuple(ordered))


def _sizes(device: int, code: int) -> Iterator[Size]:
    for answer in _listed(device, ENUM_FRAMESIZES, 44, lambda index: (index, code)):
        kind, first, second, _unused, _unused, height, _unused = struct.unpack_from(
            "=7I", answer, 8
        )
        if kind != DISCRETE:  # least, most and step of width, then of height
            yield Size(second, height, tuple(_rates(device, code, second, height)), True)
            return
        yield Size(first, second, tuple(_rates(device, code, first, second)))


def _rates(device: int, code: int, width: int, height: int) -> Iterator[float]:
    for answer in _listed(
        device, ENUM_FRAMEINTERVALS, 52, lambda index: (index, code, width, height)
    ):
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
