"""What the coach says to the person in front of the camera, and why a decision was made."""

from __future__ import annotations

from engine.contract import Advice, Coaching, Rule, Why
from engine.faces.refusal import GATES
from engine.text import many
from tui.words.figures import matched
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
        return "all views seen"
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
    wish = "at most" if said.value > said.limit else "need"
    return f"{reason}: {number(said.value)}, {wish} {number(said.limit)}"


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
    seen = sum(different >= said.need for _pose, _distance, different in said.cells)
    text = f"{many(said.different, 'different view')}; {seen} of {len(said.cells)} poses seen"
    if missing:
        text += "; missing " + "; ".join(f"{far}: {', '.join(p)}" for far, p in missing.items())
    return text


def decided(why: Why) -> str:
    """Which rule decided, with the figures that it looked at; a match of 50 is enough."""
    candidate, mark = clean(why.candidate), matched(why.score, why.threshold)
    match why.rule:
        case Rule.MAJORITY:
            person = clean(why.person or why.candidate)
            return f"{person}: match {mark}; {why.votes} of {many(why.of, 'frame')} agree."
        case Rule.BELOW_THRESHOLD:
            return f"Unknown: nearest is {candidate} with match {mark}, 50 is needed."
        case Rule.TOO_FEW_FRAMES:
            return (
                f"Unsure: {many(why.of, 'frame')} so far, {why.least} are needed. "
                f"Nearest is {candidate} with match {mark}."
            )
        case Rule.NO_MAJORITY:
            return (
                f"Unsure: only {why.votes} of {many(why.of, 'frame')} name {candidate}, "
                f"more than half must. Match {mark}."
            )
        case Rule.SAME_NAME:
            return f"Unsure: another face in the picture matches {candidate} better."
        case _:
            return f"{clean(why.decision)}: match {mark} with {candidate}."


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
    return f"Picture: {', '.join(parts)}."


def sentences(why: Why) -> tuple[str, ...]:
    """The whole explanation, the decision first, the nearest enrolled crops to follow."""
    said = [decided(why)]
    if why.opinions:
        each = ", ".join(f"{name} {score:.0f}" for name, score in why.opinions)
        said.append(f"Each network alone: {each}.")
    if why.runner_up is None:
        said.append("Nobody else is in this model.")
    else:
        mark = matched(why.runner_up_score, why.threshold)
        said.append(f"Next is {clean(why.runner_up)} with match {mark}.")
    if why.window == 1:
        said.append("One picture decided by itself.")
    else:
        said.append(f"{why.votes} of {many(why.of, 'frame')} name {clean(why.candidate)}.")
    said.append(quality(why))
    if why.stale:
        said.append("Pictures of this person changed since training. Train again.")
    said.append(f"Score {why.score:.2f}, threshold {why.threshold:.2f}.")
    if why.compared:
        said.append(f"The nearest of {many(why.compared, 'enrolled picture')}:")
    else:
        said.append("No enrolled picture to compare with yet. Train to see the nearest ones.")
    return tuple(said)
