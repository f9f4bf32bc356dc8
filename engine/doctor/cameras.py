"""Checks of the cameras: what the kernel knows of them, and what a source shows when watched."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.camera.source import ignore
from engine.camera.v4l import CameraFacts, PictureFormat, Size, inspect_cameras
from engine.cancel import Cancel
from engine.contract import CameraMeasured, Emit, Finding, Found, State
from engine.contract.errors import SourceBusy, SourceError, SourceUnreadable
from engine.doctor import Place
from engine.settings import CameraSettings, GateSettings, Settings
from engine.text import many, mask_credentials, percent

SHOWN = 6
"""Sizes that are shown of a format."""
AUTOMATIC = {0: "automatic", 1: "manual", 2: "shutter priority", 3: "aperture priority"}
SLOW = 0.6
"""Share of the promised rate below which a source is slow."""
BLACK = 4.0
"""Mean luma below which a picture is black: a closed lid, not a dark room."""
MUCH_CLIPPED = 0.3
SOFT = 12.0
"""Sharpness of a whole picture at half size below which its focus deserves a look."""
LEAST_FRAMES = 5
"""Equal pictures in a row from which a source counts as frozen."""
SECONDS = 2.0
"""How long a source is watched."""
MOST_FRAMES = 300
DARK, LIGHT = 2, 253
"""Luma at or beyond which a pixel is clipped."""
STILL_WIDTH = 96
"""Width of the picture that is shown, pixels; its height is even."""


def look(place: Place) -> Iterator[Found]:
    """One finding a camera, and more where something is in its way. Metadata devices are left
    out. No camera at all is a note."""
    facts = [each for each in inspect_cameras(place.devices, place.cameras) if not each.metadata]
    if not facts:
        yield Found(
            "note",
            f"no camera on this machine ({place.devices}/video*)",
            "A clip, a stream or demo:collins can be the source.",
            "Plug one in; if it is: sudo modprobe uvcvideo",
        )
    wanted = place.settings.camera.width, place.settings.camera.height
    for camera in facts:
        device = str(camera.path)
        for found in _of(camera, wanted):
            subject = f"{device} {found.subject}".strip()
            yield found._replace(subject=subject, device=device)


def _of(camera: CameraFacts, wanted: tuple[int, int]) -> Iterator[Found]:
    yield _device(camera)
    if camera.access is not None and camera.access.usable:
        access = camera.access
        value = f"{access.owner}:{access.group} {access.mode:04o}, {access.user} may use it"
        inside = "is in" if access.member else "is not in"
        yield Found("ok", value, f"{access.user} {inside} group {access.group}", subject="access")
    if camera.formats:
        yield _formats(camera, wanted)
    if camera.controls:
        yield _exposure(camera)
    if camera.holders and not isinstance(camera.trouble, SourceBusy):
        names = ", ".join(f"{name} (process {pid})" for pid, name in camera.holders)
        yield Found("note", names, "It captures nothing now.", subject="open in")


def _device(camera: CameraFacts) -> Found:
    name = camera.name or "a camera without a name"
    facts = ", ".join(filter(None, (camera.driver, camera.bus)))
    trouble = camera.trouble
    if trouble is None:
        return Found("ok", name, facts)
    remedy = trouble.hint
    if isinstance(trouble, SourceBusy) and camera.holders:
        pids = " ".join(str(pid) for pid, _ in camera.holders)
        remedy = f"Close that program, or: kill {pids}"
    return Found("warning", f"{name}: {trouble}", facts, remedy)


def _formats(camera: CameraFacts, wanted: tuple[int, int]) -> Found:
    value = ", ".join(_format(item) for item in camera.formats[:2])
    detail = "; ".join(
        f"{item.code}: " + ", ".join(_size(size) for size in item.sizes[:SHOWN])
        for item in camera.formats
    )
    sizes = [size for item in camera.formats for size in item.sizes]
    offered = {(size.width, size.height) for size in sizes}
    if not sizes or wanted in offered or any(size.stepwise for size in sizes):
        return Found("ok", value, detail, subject="formats")
    width, height = min(offered, key=lambda size: abs(size[0] - wanted[0]))
    return Found(
        "note",
        f"{wanted[0]}x{wanted[1]} is not among them: {value}",
        detail,
        f"export FACEDESK_CAMERA__WIDTH={width} FACEDESK_CAMERA__HEIGHT={height}",
        "formats",
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


def _exposure(camera: CameraFacts) -> Found:
    rest = dict(camera.controls)
    auto = rest.pop("exposure_auto", None)
    how = AUTOMATIC.get(auto, f"mode {auto}") if auto is not None else "not known"
    detail = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in rest.items())
    manual = auto == 1
    remedy = f"v4l2-ctl -d {camera.path} -c auto_exposure=3" if manual else ""
    return Found("note" if manual else "ok", f"exposure {how}", detail, remedy, "exposure")


def measure(text: str, settings: CameraSettings, cancel: Cancel) -> CameraMeasured:
    """Watch a source for a moment.

    The rate is counted by the source's own clock, dropped pictures included; a folder has none.
    Raises SourceError where it delivers nothing or hangs, Cancelled.
    """
    from engine.camera.opencv import cv2  # the doctor of the app's process loads no OpenCV
    from engine.camera.reader import Reader

    first = last = None
    frames = identical = 0
    passed = 0.0
    with Reader(text, settings, "own", ignore, cancel) as reader:
        for frame in reader.frames(cancel):
            identical += last is not None and np.array_equal(frame.image, last.image)
            first, last, frames = first or frame, frame, frames + 1
            passed = last.seconds - first.seconds
            if passed >= SECONDS or frames >= MOST_FRAMES:
                break
        info = reader.info
    cancel.check()
    if first is None or last is None:
        raise SourceUnreadable(
            "The source delivers no picture", info.text, "Check it with its own player."
        )
    image = last.image
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    height, width = grey.shape
    across, down = STILL_WIDTH, max(2, min(192, round(height * STILL_WIDTH / width / 2) * 2))
    small = cv2.resize(image, (across, down), interpolation=cv2.INTER_AREA)
    rate = (last.sequence - first.sequence) / passed if passed > 0 else 0.0
    return CameraMeasured(
        source=info.text,
        detail=info.detail,
        width=width,
        height=height,
        seconds=round(passed, 3),
        frames=frames,
        fps=round(rate, 2) if info.kind != "folder" else 0.0,
        promised=info.fps,
        brightness=round(float(grey.mean()), 1),
        clipped=round(float(((grey <= DARK) | (grey >= LIGHT)).mean()), 4),
        sharpness=round(float(cv2.Laplacian(half, cv2.CV_32F).var()), 1),
        identical=identical,
        across=across,
        down=down,
        pixels=np.asarray(small, dtype=np.uint8)[:, :, ::-1].tobytes(),
    )


def check_camera(
    source: str, settings: Settings, cancel: Cancel, emit: Emit, *, asked: bool = True
) -> None:
    """Measure `source` and emit its findings, CameraMeasured among them.

    A source that cannot be used is a finding: trouble if it was asked for by name, else a
    warning. Raises Cancelled.
    """
    device = mask_credentials(source)
    try:
        measured = measure(source, settings.camera, cancel)
    except SourceError as error:
        state: State = "trouble" if asked else "warning"
        remedy = error.hint or "Check it with its own player."
        found = Found(state, str(error), "", remedy, f"{device} measured", device)
        emit(Finding(group="camera", **found._asdict()))
        return
    emit(measured)
    for finding in meaning(measured, device, settings.gates, asked=asked):
        emit(finding)


def meaning(
    measured: CameraMeasured, device: str, gates: GateSettings, *, asked: bool
) -> list[Finding]:
    """What the figures mean, and what mends them."""
    local = device.isdigit() or device.startswith("/dev/")
    found = [_rate(measured, device if local else ""), _picture(measured, local, asked)]
    if measured.brightness >= BLACK:
        soft = measured.sharpness < SOFT
        value = f"sharpness {measured.sharpness:.0f}"
        found.append(_light(measured, gates))
        found.append(
            Found("note", f"{value}, soft", "", "Clean the lens and turn its focus ring.", "focus")
            if soft
            else Found("ok", value, subject="focus")
        )
    named = [
        each._replace(subject=f"{measured.source} {each.subject}", device=device) for each in found
    ]
    return [Finding(group="camera", **each._asdict()) for each in named]


def _rate(measured: CameraMeasured, device: str) -> Found:
    """`device` is a camera of this machine, else empty."""
    size = f"{measured.width}x{measured.height}"
    if measured.fps <= 0:
        return Found("ok", f"{size}, no rate of its own", measured.detail, subject="rate")
    promised = f" of {measured.promised:g} promised" if measured.promised else ""
    value = f"{measured.fps:.1f} fps{promised} at {size}"
    if measured.fps >= SLOW * measured.promised:
        return Found("ok", value, measured.detail, subject="rate")
    remedy = "More light, or another USB port"
    remedy += f": v4l2-ctl -d {device} -c exposure_dynamic_framerate=0" if device else "."
    return Found("warning", value, measured.detail, remedy, "rate")


def _picture(measured: CameraMeasured, local: bool, asked: bool) -> Found:
    bad: State = "trouble" if asked else "warning"
    detail = f"{many(measured.frames, 'picture')} in {measured.seconds:.1f} s"
    if measured.brightness < BLACK:
        value = f"black picture: brightness {measured.brightness:.0f}"
        return Found(bad, value, detail, "Open the lens cover, put a light on.", "picture")
    if measured.frames >= LEAST_FRAMES and measured.identical == measured.frames - 1:
        remedy = f"Restart what sends it, then: facedesk doctor --camera {measured.source}"
        if local:
            remedy = "sudo modprobe -r uvcvideo && sudo modprobe uvcvideo"
        value = f"frozen picture: all {measured.frames} are the same in every pixel"
        return Found(bad, value, detail, remedy, "picture")
    value = f"the picture moves, {measured.identical} of {measured.frames} repeated"
    return Found("ok", value, detail, subject="picture")


def _light(measured: CameraMeasured, gates: GateSettings) -> Found:
    value = f"brightness {measured.brightness:.0f}"
    state: State = "warning"
    if measured.brightness < gates.min_brightness:
        value += f", below {gates.min_brightness:g}"
        remedy = "Put a light in front of the person."
    elif measured.brightness > gates.max_brightness:
        value += f", above {gates.max_brightness:g}"
        remedy = "Turn the camera away from the light."
    elif measured.clipped > MUCH_CLIPPED:
        state, value = "note", f"{value}, much contrast"
        remedy = "Avoid a window or lamp behind the person."
    else:
        state, remedy = "ok", ""
    detail = f"{percent(measured.clipped)} of the pixels are black or white"
    return Found(state, value, detail, remedy, "light")
