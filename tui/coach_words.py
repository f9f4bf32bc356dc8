"""What the coach says, in words: one short line for the person in front of the camera."""

from __future__ import annotations

from engine.events import Advice, Coaching
from tui.text import many, number, reason_words, span

WORDS: dict[str, str] = {
    Advice.LOOK_HERE: "look at the camera",
    Advice.ONE_AT_A_TIME: "one person at a time, please",
    Advice.COME_CLOSER: "come closer",
    Advice.MORE_LIGHT: "more light on the face",
    Advice.LESS_LIGHT: "less light on the face",
    Advice.HOLD_STILL: "hold still",
    Advice.MOVE_A_LITTLE: "move a little",
    Advice.FACE_CAMERA: "look straight into the camera",
    Advice.TURN_LEFT: "turn a little left",
    Advice.TURN_RIGHT: "turn a little right",
    Advice.STEP_CLOSER: "step a little closer",
    Advice.STEP_BACK: "step back a little",
    Advice.CHANGE_LIGHT: "turn toward another light",
    Advice.GO_ON: "good, stay like this",
    Advice.COMPARING: "comparing with the other people",
}


def advice(said: Coaching) -> str:
    """The one thing to do now."""
    if said.covered and not said.reason and said.advice != Advice.COMPARING:
        return "all views seen: x keeps what there is"
    return WORDS.get(said.advice, said.advice.replace("_", " "))


def why_refused(said: Coaching) -> str:
    """`too dark: 38, need 60`; empty if the last frame was kept."""
    if not said.reason:
        return ""
    words = reason_words(said.reason)
    if said.reason == "no_face" or (said.value == 0 and said.limit == 0):
        return words
    bound = "at most" if said.value > said.limit else "need"
    return f"{words}: {number(said.value)}, {bound} {number(said.limit)}"


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
            missing.setdefault(distance, []).append(pose)
    full = sum(different >= said.need for _, _, different in said.cells)
    text = f"{many(said.different, 'different view')}; {full} of {len(said.cells)} poses seen"
    if not missing:
        return text
    lacks = "; ".join(f"{distance}: {', '.join(poses)}" for distance, poses in missing.items())
    return f"{text}; missing {lacks}"
