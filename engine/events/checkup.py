"""What the doctor found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from engine.events.base import Event

Group = Literal["camera", "files", "processor", "software", "storage", "terminal"]
State = Literal["ok", "note", "warning", "trouble"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Event):
    """One thing that was looked at. `value` says in a few words what is so, `detail` the rest.

    `trouble` is something needed that is broken, `warning` something that will hurt, `note`
    something to know. `remedy` is the exact command or sentence that mends it, empty if ok.
    `device` is what to give as source to measure it, for cameras only.
    """

    name: ClassVar[str] = "finding"
    group: Group
    subject: str
    state: State
    value: str
    detail: str = ""
    remedy: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraMeasured(Event):
    """A source was watched for `seconds`: `frames` pictures of `width` x `height` pixels.

    `fps` is the rate at which they came, `promised` what the source says (0: nothing).
    `brightness` is mean luma 0..255, `clipped` the share of pixels at either end of the scale,
    `sharpness` the variance of the Laplacian at half size. `identical` pictures equalled their
    predecessor in every pixel. `pixels` is the last one, RGB, `across` x `down`, row by row.
    """

    name: ClassVar[str] = "camera_measured"
    source: str
    detail: str
    width: int
    height: int
    seconds: float
    frames: int
    fps: float
    promised: float
    brightness: float
    clipped: float
    sharpness: float
    identical: int
    across: int
    down: int
    pixels: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckupDone(Event):
    """Everything was looked at; `troubles` are the subjects in trouble."""

    name: ClassVar[str] = "done"
    findings: int
    troubles: tuple[str, ...]
