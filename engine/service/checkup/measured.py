"""Findings about a source that was watched for a moment."""

from __future__ import annotations

from typing import Protocol

from engine.cancel import Cancel
from engine.errors import Cancelled, SourceError
from engine.events import CameraMeasured, Emit, Finding
from engine.events.checkup import State
from engine.settings import Settings


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
    from engine.camera.masking import mask_credentials
    from engine.camera.measure import measure

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
    detail = f"{measured.clipped:.0%} of the pixels are black or white"
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
