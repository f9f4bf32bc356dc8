"""Findings about the cameras, from what the kernel knows of them."""

from __future__ import annotations

from pathlib import Path

from engine.camera.inspect import CameraFacts, PictureFormat, Size, inspect_cameras
from engine.errors import SourceBusy
from engine.events import Finding
from engine.settings import CameraSettings

SHOWN = 6
"""Sizes of a format told one by one."""
AUTOMATIC = {0: "automatic", 1: "manual", 2: "shutter priority", 3: "aperture priority"}


def camera_findings(
    settings: CameraSettings,
    devices: Path = Path("/dev"),
    sysfs: Path = Path("/sys/class/video4linux"),
) -> list[Finding]:
    """One finding a camera, and more where something is in its way. Metadata devices are left
    out. No camera at all is a note."""
    facts = [camera for camera in inspect_cameras(devices, sysfs) if not camera.metadata]
    if not facts:
        return [
            Finding(
                group="camera",
                subject="camera",
                state="note",
                value=f"no camera on this machine ({devices}/video*)",
                detail="A clip, a stream or demo:collins can be the source.",
                remedy="Plug one in; if it is: sudo modprobe uvcvideo",
            )
        ]
    return [finding for camera in facts for finding in _of(camera, settings)]


def _of(camera: CameraFacts, settings: CameraSettings) -> list[Finding]:
    device = str(camera.path)
    found = [_device(camera)]
    if camera.access is not None:
        access = camera.access
        value = f"{access.owner}:{access.group} {access.mode:04o}, {access.user} may use it"
        if access.usable:
            text = (
                "{user} is in group {group}" if access.member else "{user} is not in group {group}"
            ).format(user=access.user, group=access.group)
            found.append(_finding(device, "access", "ok", value, text))
    if camera.formats:
        found.append(_formats(camera, settings))
    if camera.controls:
        found.append(_exposure(camera))
    if camera.holders and not isinstance(camera.trouble, SourceBusy):
        names = ", ".join(f"{name} (process {pid})" for pid, name in camera.holders)
        found.append(_finding(device, "open in", "note", names, "It captures nothing now."))
    return found


def _device(camera: CameraFacts) -> Finding:
    device, name = str(camera.path), camera.name or "a camera without a name"
    facts = ", ".join(filter(None, (camera.driver, camera.bus)))
    if camera.trouble is None:
        return _finding(device, "", "ok", name, facts)
    trouble = camera.trouble
    remedy = trouble.hint
    if isinstance(trouble, SourceBusy) and camera.holders:
        pids = " ".join(str(pid) for pid, _ in camera.holders)
        remedy = f"Close that program, or: kill {pids}"
    return _finding(device, "", "warning", f"{name}: {trouble}", facts, remedy)


def _formats(camera: CameraFacts, settings: CameraSettings) -> Finding:
    device, wanted = str(camera.path), (settings.width, settings.height)
    value = ", ".join(_format(item) for item in camera.formats[:2])
    detail = "; ".join(
        f"{item.code}: " + ", ".join(_size(size) for size in item.sizes[:SHOWN])
        for item in camera.formats
    )
    sizes = [size for item in camera.formats for size in item.sizes]
    offered = {(size.width, size.height) for size in sizes}
    if not sizes or wanted in offered or any(size.stepwise for size in sizes):
        return _finding(device, "formats", "ok", value, detail)
    width, height = min(offered, key=lambda size: abs(size[0] - wanted[0]))
    return _finding(
        device,
        "formats",
        "note",
        f"{wanted[0]}x{wanted[1]} is not among them: {value}",
        detail,
        f"export FACEDESK_CAMERA__WIDTH={width} FACEDESK_CAMERA__HEIGHT={height}",
    )


def _size(size: Size) -> str:
    text = f"{size.width}x{size.height}"
    text += f"@{max(size.rates):g}" if size.rates else ""
    return f"up to {text}" if size.stepwise else text


def _format(item: PictureFormat) -> str:
    if not item.sizes:
        return item.code
    largest = item.sizes[0]
    return f"{item.code} up to {largest.width}x{largest.height}"


def _exposure(camera: CameraFacts) -> Finding:
    device, controls = str(camera.path), camera.controls
    auto = controls.get("exposure_auto")
    how = AUTOMATIC.get(auto, f"mode {auto}") if auto is not None else "not told"
    rest = ", ".join(
        f"{name.replace('_', ' ')} {value}"
        for name, value in controls.items()
        if name != "exposure_auto"
    )
    if auto == 1:
        remedy = f"v4l2-ctl -d {device} -c auto_exposure=3"
        return _finding(device, "exposure", "note", f"exposure {how}", rest, remedy)
    return _finding(device, "exposure", "ok", f"exposure {how}", rest)


def _finding(
    device: str, what: str, state: str, value: str, detail: str = "", remedy: str = ""
) -> Finding:
    return Finding(
        group="camera",
        subject=f"{device} {what}".strip(),
        state=state,  # type: ignore[arg-type]
        value=value,
        detail=detail,
        remedy=remedy,
        device=device,
    )
