"""Why a video device cannot be used: not there, not allowed, busy, or not a camera.

OpenCV only says that it did not open. The kernel knows more, and is asked here directly
(https://docs.kernel.org/userspace-api/media/v4l/).
"""

from __future__ import annotations

import errno
import fcntl
import grp
import os
import pwd
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import (
    SourceBusy,
    SourceDenied,
    SourceError,
    SourceNotFound,
    SourceUnreadable,
)

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
    general, own = struct.unpack_from("=2I", answer, 84)
    if not (own if general & HAS_DEVICE_CAPS else general) & CAPTURE:
        raise not_a_camera(path, "it delivers metadata or output, no pictures", devices)


def trouble(path: Path, error: OSError, devices: Path = Path("/dev")) -> SourceError:
    """The typed error for what the operating system said about `path`."""
    if error.errno in (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOTDIR):
        return not_found(path, devices)
    if error.errno in (errno.EACCES, errno.EPERM):
        return denied(path)
    if error.errno in (errno.EBUSY, errno.EAGAIN):
        return busy(path)
    return SourceUnreadable(
        "The camera does not answer",
        f"{path}: {os.strerror(error.errno or 0)}",
        "Unplug it, plug it in again, and look at `dmesg`.",
    )


def not_found(path: Path, devices: Path = Path("/dev")) -> SourceNotFound:
    """No such device, with those that there are."""
    there = [str(p) for p in cameras(devices) if p != path]
    return SourceNotFound(
        "There is no such camera",
        f"{path} does not exist",
        "There is {devices}.".format(devices=", ".join(there))
        if there
        else "No camera is attached: plug one in, or try --source demo:collins.",
    )


def not_a_camera(path: Path, why: str, devices: Path = Path("/dev")) -> SourceUnreadable:
    """The path exists but will never deliver a picture."""
    there = [str(p) for p in cameras(devices) if p != path]
    hint = (
        "Try {devices}.".format(devices=", ".join(there))
        if there
        else "List cameras with `ls /dev/video*`."
    )
    return SourceUnreadable("This is not a camera", f"{path}: {why}", hint)


def denied(path: Path) -> SourceDenied:
    """Which group may use the device, and how to join it."""
    title = "The camera may not be used"
    try:
        facts = path.stat()
    except OSError:
        return SourceDenied(
            title,
            f"{path} cannot be looked at",
            f"Check `ls -l {path}`.",
        )
    group, user = group_name(facts.st_gid), user_name(os.geteuid())
    grants = facts.st_mode & 0o060 == 0o060 and facts.st_gid != 0
    message = f"{path} belongs to group {group}, and {user} may not read and write it"
    if not grants:
        owner = user_name(facts.st_uid)
        return SourceDenied(
            title,
            f"{path} belongs to {owner}:{group} with mode {stat.S_IMODE(facts.st_mode):04o}",
            "Ask the administrator for read and write access to it.",
        )
    if is_member(user, facts.st_gid):
        hint = f"{user} has been added to {group}: log out and in again for it to count."
    else:
        hint = f"Run `sudo usermod -aG {group} {user}`, then log out and in again."
    return SourceDenied(title, message, hint)


def busy(path: Path) -> SourceBusy:
    """Another program captures from the device; named where it can be seen."""
    programs = ", ".join(f"{name} (process {pid})" for pid, name in holders(path))
    return SourceBusy(
        "The camera is in use",
        "{path} is held by {programs}".format(path=path, programs=programs or "another program"),
        "Close that program or its camera, then try again.",
    )


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
            links = [os.readlink(link) for link in (process / "fd").iterdir()]
            if real in links:
                found.append(
                    (
                        int(process.name),
                        (process / "comm").read_bytes().decode("utf-8", "replace").strip(),
                    )
                )
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


def user_name(uid: int) -> str:
    """The user's name, or their number where they have none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def is_member(user: str, gid: int) -> bool:
    """Whether the group database lists `user`, even if this login does not know yet."""
    try:
        return user in grp.getgrgid(gid).gr_mem or pwd.getpwnam(user).pw_gid == gid
    except KeyError:
        return False
