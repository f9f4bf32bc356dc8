"""Findings about the cameras, from what the kernel knows of them.

Findings about a source that was watched for a moment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from engine.camera.v4l import CameraFacts, PictureFormat, Size, inspect_cameras
from engine.cancel import Cancel
from engine.contract import CameraMeasured, Emit, Finding
from engine.contract.errors import Cancelled, SourceBusy, SourceError
from engine.contract.events_desk import State
from engine.settings import CameraSettings, Settings
from engine.text import percent

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


class _Maker(Protocol):
    """Makes a finding about one side of the source."""

    def __call__(
        self, what: str, state: State, value: str, detail: str = "", remedy: str = ""
    ) -> Finding: ...


SLOW = 0.6
"""Share of the promised rate below which a source is slow."""
BLACK = 4.0
"""Mean luma below which a picture is black: a closed lid, not a dark room."""
MUCH_CLIPPED = 0.3
SOFT = 12.0
"""Sharpness of a whole picture at half size below which its focus deserves a look."""
LEAST_FRAMES = 5
"""Equal pictures in a row from which a source counts as frozen."""


def check_camera(
    source: str, settings: Settings, cancel: Cancel, emit: Emit, *, asked: bool = True
) -> None:
    """Measure `source` and emit its findings, CameraMeasured among them.

    A source that cannot be used is a finding: trouble if it was asked for by name, else a
    warning. Raises Cancelled.
    """
    from engine.camera.measure import measure
    from engine.text import mask_credentials

    try:
        measured = measure(source, settings.camera, cancel, lambda event: None)
    except Cancelled:
        raise
    except SourceError as error:
        emit(
            Finding(
                group="camera",
                subject=f"{mask_credentials(source)} measured",
                state="trouble" if asked else "warning",
                value=str(error),
                remedy=error.hint or "Check it with its own player.",
                device=mask_credentials(source),
            )
        )
        return
    emit(measured)
    device = mask_credentials(source)
    for finding in findings_of(measured, device, settings, asked=asked):
        emit(finding)


def findings_of(
    measured: CameraMeasured, device: str, settings: Settings, *, asked: bool
) -> tuple[Finding, ...]:
    """What the figures mean, and what mends them."""
    bad: State = "trouble" if asked else "warning"
    local = device.isdigit() or device.startswith("/dev/")

    def finding(what: str, state: State, value: str, detail: str = "", remedy: str = "") -> Finding:
        return Finding(
            group="camera",
            subject=f"{measured.source} {what}",
            state=state,
            value=value,
            detail=detail,
            remedy=remedy,
            device=device,
        )

    again = f"Restart what sends it, then: facedesk doctor --camera {measured.source}"
    found = [_rate(measured, device, local, finding)]
    moving = f"{measured.frames} pictures in {measured.seconds:.1f} s"
    if measured.brightness < BLACK:
        value = f"black picture: brightness {measured.brightness:.0f}"
        found.append(finding("picture", bad, value, moving, "Open the lens cover, put a light on."))
    elif measured.frames >= LEAST_FRAMES and measured.identical == measured.frames - 1:
        mend = "sudo modprobe -r uvcvideo && sudo modprobe uvcvideo" if local else again
        value = f"frozen picture: all {measured.frames} are the same in every pixel"
        found.append(finding("picture", bad, value, moving, mend))
    else:
        value = f"the picture moves, {measured.identical} of {measured.frames} repeated"
        found.append(finding("picture", "ok", value, moving))
    if measured.brightness >= BLACK:
        found.append(_light(measured, settings, finding))
        soft = measured.sharpness < SOFT
        text = "sharpness {value:.0f}, soft" if soft else "sharpness {value:.0f}"
        value = text.format(value=measured.sharpness)
        mend = "Clean the lens and turn its focus ring." if soft else ""
        found.append(finding("focus", "note" if soft else "ok", value, "", mend))
    return tuple(found)


def _rate(measured: CameraMeasured, device: str, local: bool, finding: _Maker) -> Finding:
    size = f"{measured.width}x{measured.height}"
    if measured.fps <= 0:
        return finding("rate", "ok", f"{size}, no rate of its own", measured.detail)
    text = (
        "{fps:.1f} fps of {promised:g} promised at {size}"
        if measured.promised
        else "{fps:.1f} fps at {size}"
    )
    value = text.format(fps=measured.fps, promised=measured.promised, size=size)
    if measured.promised and measured.fps < SLOW * measured.promised:
        mend = "More light, or another USB port."
        if local:
            command = f"v4l2-ctl -d {device} -c exposure_dynamic_framerate=0"
            mend = f"More light, or another USB port: {command}"
        return finding("rate", "warning", value, measured.detail, mend)
    return finding("rate", "ok", value, measured.detail)


def _light(measured: CameraMeasured, settings: Settings, finding: _Maker) -> Finding:
    value, gates = (
        f"brightness {measured.brightness:.0f}",
        settings.gates,
    )
    detail = f"{percent(measured.clipped)} of the pixels are black or white"
    if measured.brightness < gates.min_brightness:
        limit = f"{value}, below {gates.min_brightness:g}"
        return finding("light", "warning", limit, detail, "Put a light in front of the person.")
    if measured.brightness > gates.max_brightness:
        limit = f"{value}, above {gates.max_brightness:g}"
        return finding("light", "warning", limit, detail, "Turn the camera away from the light.")
    if measured.clipped > MUCH_CLIPPED:
        mend = "Avoid a window or lamp behind the person."
        return finding("light", "note", f"{value}, much contrast", detail, mend)
    return finding("light", "ok", value, detail)
