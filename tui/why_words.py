"""An explanation of a decision in plain sentences."""

from __future__ import annotations

from engine.events import Rule, Why
from engine.shown import many
from tui.text import clean, decision_words


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
        decision=decision_words(why.decision),
    )


def runner_up(why: Why) -> str:
    """Who comes next, and how far behind."""
    if why.runner_up is None:
        return "Nobody else is in this model."
    return (
        f"Next is {clean(why.runner_up)} with {why.runner_up_score:.2f}, a margin "
        f"of {why.margin:.2f}."
    )


NETWORKS = {"vgg16": "VGG16", "resnet": "face network"}


def opinions(why: Why) -> tuple[str, ...]:
    """What each network says by itself: "VGG16 71, face network 64"."""
    if not why.opinions:
        return ()
    each = ", ".join(f"{NETWORKS.get(name, name)} {score:.0f}" for name, score in why.opinions)
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
    width = _against(
        "face {value:.0f} px (needs {limit:.0f})",
        "LOW face {value:.0f} px (needs {limit:.0f})",
        why.face_width,
        why.min_face,
    )
    light = _against(
        "brightness {value:.0f} (needs {limit:.0f})",
        "LOW brightness {value:.0f} (needs {limit:.0f})",
        why.brightness,
        why.min_brightness,
    )
    if why.brightness > why.max_brightness:
        light = f"TOO BRIGHT {why.brightness:.0f}, at most {why.max_brightness:.0f}"
    sharpness = _against(
        "sharpness {value:.0f} (needs {limit:.0f})",
        "LOW sharpness {value:.0f} (needs {limit:.0f})",
        why.sharpness,
        why.min_sharpness,
    )
    parts = [width, light, sharpness]
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


def _against(enough: str, low: str, value: float, limit: float) -> str:
    return (enough if value >= limit else low).format(value=value, limit=limit)
