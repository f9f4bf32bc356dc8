"""The doctor: what a check is, what it finds, and what a watched camera showed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Generic, Literal, NamedTuple, TypeVar

from engine.contract.errors import FacedeskError
from engine.contract.events_base import Event

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


class Found(NamedTuple):
    """What a check says of one thing, with the fields of a `Finding`. Without a `subject` it is of
    the check's own name."""

    state: State
    value: str
    detail: str = ""
    remedy: str = ""
    subject: str = ""
    device: str = ""


Place = TypeVar("Place")


@dataclass(frozen=True, slots=True)
class Check(Generic[Place]):
    """A check of the doctor: what it `looks_at`, for the documents, and how."""

    group: Group
    name: str
    looks_at: str
    look: Callable[[Place], Found | Iterable[Found]]

    def findings(self, place: Place) -> tuple[Finding, ...]:
        """Look. Never raises FacedeskError or OSError: what cannot be looked at is trouble."""
        try:
            found = self.look(place)
            every = (found,) if isinstance(found, Found) else tuple(found)
        except (FacedeskError, OSError) as error:
            hint = getattr(error, "hint", "") or f"Look into it: {type(error).__name__}."
            every = (Found("trouble", str(error), remedy=hint),)
        return tuple(
            Finding(group=self.group, **{**each._asdict(), "subject": each.subject or self.name})
            for each in every
        )


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
class DoctorDone(Event):
    """Everything was looked at; `troubles` are the subjects in trouble."""

    name: ClassVar[str] = "done"
    findings: int
    troubles: tuple[str, ...]
