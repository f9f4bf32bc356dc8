"""What the coach says, in words: one short line for the person in front of the camera.

An explanation of a decision in plain sentences.
"""

from __future__ import annotations

from engine.contract import Advice, Coaching, Rule, Why
from engine.faces.refusal import GATES
from engine.text import many
from tui.words.text import clean, number, reason_words, span

WORDS: dict[str, str] = {
    **dict(gate.advice for gate in GATES.values()),
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


def advice(said: Coaching) -> str:
    """The one thing to do now."""
    if said.covered and not said.reason and said.advice != Advice.COMPARING:
        return "all views seen: x keeps what there is"
    return WORDS.get(said.advice, said.advice.replace("_", " "))


def why_refused(said: Coaching) -> str:
    """`too dark: 38, need 60`; empty if the last frame was kept."""
    if not said.reason:
        return ""
    reason, gate = reason_words(said.reason), GATES.get(said.reason)
    if not (gate and gate.shown) or (said.value == 0 and said.limit == 0):
        return reason
    if gate.unit:
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
            missing.setdefault(distance, []).append(pose)
    text = "{views}; {seen} of {poses} poses seen"
    if missing:
        text = "{views}; {seen} of {poses} poses seen; missing {missing}"
    return text.format(
        views=many(said.different, "different view"),
        seen=sum(different >= said.need for _pose, _distance, different in said.cells),
        poses=len(said.cells),
        missing="; ".join(f"{far}: {', '.join(poses)}" for far, poses in missing.items()),
    )


def decided(why: Why) -> str:
    """Which rule decided, with the figures that it looked at."""
    match why.rule:
        case Rule.MAJORITY:
            text = (
                "Named {person}: {score} is at or above the threshold {threshold}; "
                "{votes} of {frames} agree."
            )
        case Rule.BELOW_THRESHOLD:
            text = (
                "Unknown: {score} for {candidate}, who is nearest, is below the threshold "
                "{threshold}."
            )
        case Rule.TOO_FEW_FRAMES:
            text = (
                "Unsure: {frames} so far, {least} are needed before a name is said. "
                "Nearest is {candidate} with {score}; the threshold is {threshold}."
            )
        case Rule.NO_MAJORITY:
            text = (
                "Unsure: {score} for {candidate} reaches the threshold {threshold}, but only "
                "{votes} of {frames} say so; more than half must."
            )
        case Rule.SAME_NAME:
            text = (
                "Unsure: {score} for {candidate} reaches the threshold {threshold}, but another "
                "face in the same frame matches better."
            )
        case _:
            text = "{decision}: {score} for {candidate}, threshold {threshold}."
    return text.format(
        person=clean(why.person or why.candidate),
        candidate=clean(why.candidate),
        score=f"{why.score:.2f}",
        threshold=f"{why.threshold:.2f}",
        votes=why.votes,
        frames=many(why.of, "frame"),
        least=why.least,
        decision=clean(why.decision),
    )


def runner_up(why: Why) -> str:
    """Who comes next, and how far behind."""
    if why.runner_up is None:
        return "Nobody else is in this model."
    return (
        f"Next is {clean(why.runner_up)} with {why.runner_up_score:.2f}, a margin "
        f"of {why.margin:.2f}."
    )


def opinions(why: Why) -> tuple[str, ...]:
    """What each network says by itself: "VGG16 71, face network 64"."""
    if not why.opinions:
        return ()
    each = ", ".join(f"{name} {score:.0f}" for name, score in why.opinions)
    return (f"Each network alone: {each} (50 is the threshold).",)


def votes(why: Why) -> str:
    """How many frames were looked at together."""
    if why.window == 1:
        return "One picture decided by itself."
    return (
        "{votes} of {frames} name {person}; the last {window} decide together, {least} at least."
    ).format(
        votes=why.votes,
        frames=many(why.of, "frame"),
        person=clean(why.candidate),
        window=why.window,
        least=why.least,
    )


def quality(why: Why) -> str:
    """The probe's quality against what enrolment asks for; what falls short says so."""
    said: dict[str, str] = {}
    for reason, value, limit in why.gates:
        gate = GATES[reason]
        closed = gate.closes(value, limit)
        if not gate.most:
            low = "LOW " if closed else ""
            said[gate.label] = f"{low}{gate.label} {value:.0f}{gate.unit} (needs {limit:.0f})"
        elif closed:
            said[gate.label] = f"{gate.words.upper()} {value:.0f}, at most {limit:.0f}"
    parts = list(said.values())
    if why.eyes_found is not None:
        parts.append("eyes found" if why.eyes_found else "EYES NOT FOUND")
    return "Probe: {parts}.".format(parts=", ".join(parts))


def crops(why: Why) -> str:
    """What the nearest enrolled crops were chosen from."""
    if not why.compared:
        return "No enrolled picture to compare with: train with t to see the nearest ones."
    pictures = many(why.compared, "enrolled picture")
    return f"The nearest of {pictures}, by cosine:"


def sentences(why: Why) -> tuple[str, ...]:
    """The whole explanation, the decision first."""
    stale = ("Pictures of this person changed since training: press t.",) if why.stale else ()
    said = (decided(why), *opinions(why), runner_up(why), votes(why), quality(why))
    return (*said, *stale, crops(why))
