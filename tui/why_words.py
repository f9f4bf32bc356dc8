"""An explanation of a decision in plain sentences."""

from __future__ import annotations

from engine.events import Rule, Why
from tui.text import clean, many


def decided(why: Why) -> str:
    """Which rule decided, with the figures that it looked at."""
    person, candidate = clean(why.person or why.candidate), clean(why.candidate)
    score, threshold = f"{why.score:.2f}", f"{why.threshold:.2f}"
    match why.rule:
        case Rule.MAJORITY:
            return (
                f"Named {person}: {score} is at or above the threshold {threshold}; "
                f"{why.votes} of {many(why.of, 'frame')} agree."
            )
        case Rule.BELOW_THRESHOLD:
            return (
                f"Unknown: {score} for {candidate}, who is nearest, is below the threshold "
                f"{threshold}."
            )
        case Rule.TOO_FEW_FRAMES:
            return (
                f"Unsure: {many(why.of, 'frame')} so far, {why.least} are needed before a name is "
                f"said. Nearest is {candidate} with {score}; the threshold is {threshold}."
            )
        case Rule.NO_MAJORITY:
            return (
                f"Unsure: {score} for {candidate} reaches the threshold {threshold}, but only "
                f"{why.votes} of {many(why.of, 'frame')} say so; more than half must."
            )
        case _:
            return f"{clean(why.decision)}: {score} for {candidate}, threshold {threshold}."


def runner_up(why: Why) -> str:
    """Who comes next, and how far behind."""
    if why.runner_up is None:
        return "Nobody else is in this model."
    return (
        f"Next is {clean(why.runner_up)} with {why.runner_up_score:.2f}, a margin of "
        f"{why.margin:.2f}."
    )


def votes(why: Why) -> str:
    """How many frames were looked at together."""
    if why.window == 1:
        return "One picture decided by itself."
    return (
        f"{why.votes} of {many(why.of, 'frame')} name {clean(why.candidate)}; the last "
        f"{why.window} decide together, {why.least} at least."
    )


def quality(why: Why) -> str:
    """The probe's quality against what enrolment asks for; what falls short says so."""
    parts = [
        _against("face", why.face_width, why.min_face, " px"),
        _against("sharpness", why.sharpness, why.min_sharpness),
    ]
    if why.brightness > why.max_brightness:
        light = f"TOO BRIGHT {why.brightness:.0f}, at most {why.max_brightness:.0f}"
    else:
        light = _against("brightness", why.brightness, why.min_brightness)
    parts.insert(1, light)
    if why.eyes_found is not None:
        parts.append("eyes found" if why.eyes_found else "EYES NOT FOUND")
    return f"Probe: {', '.join(parts)}."


def crops(why: Why) -> str:
    """What the nearest enrolled crops were chosen from."""
    if not why.compared:
        return "No enrolled picture to compare with: train with t to see the nearest ones."
    return f"The nearest of {many(why.compared, 'enrolled picture')}, by cosine:"


def sentences(why: Why) -> tuple[str, ...]:
    """The whole explanation, the decision first."""
    stale = ("Pictures of this person changed since training: press t.",) if why.stale else ()
    return (decided(why), runner_up(why), votes(why), quality(why), *stale, crops(why))


def _against(what: str, value: float, limit: float, unit: str = "") -> str:
    short = "" if value >= limit else "LOW "
    return f"{short}{what} {value:.0f}{unit} (needs {limit:.0f})"
