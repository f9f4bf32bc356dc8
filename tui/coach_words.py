"""What the coach says, in words: one short line for the person in front of the camera."""

from __future__ import annotations

from engine.events import Advice, Coaching
from engine.faces.refusal import UNMEASURED, Refusal
from engine.shown import many
from tui.text import number, reason_words, span

WORDS: dict[str, str] = {
    Advice.LOOK_HERE: "look at the camera",
    Advice.ONE_AT_A_TIME: "one person at a time, please",
    Advice.CAMERA_UPSIDE_DOWN: "the camera stands on its head: turn it",
    Advice.CAMERA_ON_ITS_SIDE: "the picture lies on its side: turn the camera",
    Advice.COME_CLOSER: "come closer",
    Advice.MORE_LIGHT: "more light on the face",
    Advice.LESS_LIGHT: "less light on the face",
    Advice.HOLD_STILL: "hold still",
    Advice.MOVE_A_LITTLE: "move a little",
    Advice.FACE_CAMERA: "look straight into the camera",
    Advice.TURN_LEFT: "turn a little left",
    Advice.TURN_RIGHT: "turn a little right",
    Advice.LOOK_UP: "look up a little",
    Advice.LOOK_DOWN: "look down a little",
    Advice.STEP_CLOSER: "step a little closer",
    Advice.STEP_BACK: "step back a little",
    Advice.CHANGE_LIGHT: "turn toward another light",
    Advice.GO_ON: "good, stay like this",
    Advice.COMPARING: "comparing with the other people",
}
PLACES: dict[str, str] = {
    "left": "left",
    "frontal": "frontal",
    "right": "right",
    "up": "up",
    "down": "down",
    "near": "near",
    "middle": "middle",
    "far": "far",
    "even": "even",
    "dim": "dim",
    "bright": "bright",
    "side": "side",
}
"""Poses, distances and lights of the grid."""


def advice(said: Coaching) -> str:
    """The one thing to do now."""
    if said.covered and not said.reason and said.advice != Advice.COMPARING:
        return "all views seen: x keeps what there is"
    return WORDS.get(said.advice, said.advice.replace("_", " "))


def place(name: str) -> str:
    """A pose, distance or light in a word."""
    return PLACES.get(name, name)


def why_refused(said: Coaching) -> str:
    """`too dark: 38, need 60`; empty if the last frame was kept."""
    if not said.reason:
        return ""
    reason = reason_words(said.reason)
    if said.reason in UNMEASURED or (said.value == 0 and said.limit == 0):
        return reason
    if said.reason == Refusal.TOO_SMALL:
        return f"{reason}: {number(said.value)} pixels, {number(said.limit)} needed"
    over = "{reason}: {value}, at most {limit}"
    text = over if said.value > said.limit else "{reason}: {value}, need {limit}"
    return text.format(reason=reason, value=number(said.value), limit=number(said.limit))


def progress(said: Coaching) -> str:
    """How many of the kept pictures differ, and the time left; the count stands in the bar."""
    parts = [many(said.different, "different view")]
    if said.seconds_left is not None:
        parts.append(f"about {span(said.seconds_left)} left")
    return " · ".join(parts)


def coverage(said: Coaching) -> str:
    """The grid in one sentence, for where there is no room to draw it."""
    missing: dict[str, list[str]] = {}
    for pose, distance, different in said.cells:
        if different < said.need:
            missing.setdefault(place(distance), []).append(place(pose))
    text = "{views}; {seen} of {poses} poses seen"
    if missing:
        text = "{views}; {seen} of {poses} poses seen; missing {missing}"
    return text.format(
        views=many(said.different, "different view"),
        seen=sum(different >= said.need for _pose, _distance, different in said.cells),
        poses=len(said.cells),
        missing="; ".join(f"{far}: {', '.join(poses)}" for far, poses in missing.items()),
    )
