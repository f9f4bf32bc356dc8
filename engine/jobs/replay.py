"""Run a recording again through the live path, and compare what is decided with what was."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.camera.tape_folder import (
    EVENTS,
    LINES,
    SCHEME,
    not_whole,
    read_lines,
    read_session,
    tape_path,
)
from engine.cancel import Cancel
from engine.config import checked_settings
from engine.contract import Emit, Event, Notice, ReplayDone
from engine.contract.errors import NoPictures, SourceError
from engine.contract.messages import FacesFound
from engine.contract.requests import EnrolRequest, RecogniseRequest, ReplayRequest
from engine.settings import Settings
from engine.workspace.folder import Workspace

BEFORE: Mapping[str, Mapping[str, Any]] = {"detection": {"full_scan_every": 1}}
"""What held for recordings that do not tell a setting, because it came later."""
MOST_SHOWN = 10
"""Differences told one by one."""
Decisions = dict[tuple[int, tuple[int, ...]], str]
"""What was decided, by frame and (for a recognition) by the face's box."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a recording is of: its job, the request that runs it again, and its settings."""

    job: str
    request: EnrolRequest | RecogniseRequest
    settings: Settings
    notes: tuple[str, ...]
    live: bool


def recorded_job(file: str, settings: Settings, pace: Any, into: str | None = None) -> Recorded:
    """Read a recording's session. Settings that decide are the recording's where they still fit.

    Raises SourceNotFound, SourceUnreadable.
    """
    path = tape_path(file)
    session = read_session(path)
    asked, source = session["request"], f"{SCHEME}{path}"
    request: EnrolRequest | RecogniseRequest
    try:
        if session["job"] == "enrol":
            person = into or str(asked["person"])
            request = EnrolRequest(
                person=person, source=source, count=int(asked["count"]), pace=pace
            )
        elif session["job"] == "recognise":
            request = RecogniseRequest(source=source, each=asked["each"] is True, pace=pace)
        else:
            raise ValueError("a job {job!r}".format(job=session["job"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise not_whole(path, f"its request cannot be run ({error})") from error
    used, notes = _settings_of(session.get("settings"), settings)
    return Recorded(str(session["job"]), request, used, notes, asked.get("pace") == "live")


def replay(
    workspace: Workspace, settings: Settings, request: ReplayRequest, cancel: Cancel, emit: Emit
) -> ReplayDone:
    """Run `request.file` again; returns after emitting ReplayDone.

    An enrolment writes into a folder that is removed at the end, or with `request.into` to that
    person of the workspace, whose lock the caller then holds. A recording that breaks off is
    used up to there. Raises SourceError where there is nothing to run, NoModel, ...
    """
    began = time.monotonic()
    path = tape_path(request.file)
    recorded = recorded_job(request.file, settings, "fast", request.into)
    for note in recorded.notes:
        emit(Notice(text=note, level="warning"))
    heard: list[dict[str, Any]] = []
    damage: list[str] = []

    def both(event: Event) -> None:
        heard.append(event.to_json())
        if isinstance(event, Notice) and event.level == "error":
            damage.append(event.text)
        emit(event)

    then = decisions(read_lines(path / EVENTS))
    judged = frozenset(frame for frame, _ in then)
    try:
        _run(workspace, recorded, request.into, judged, cancel, both)
    except NoPictures:
        pass  # as it was recorded: the refusals are what is compared
    except SourceError as error:
        if not any(decision_of(body) for body in heard):
            raise
        damage.append(str(error))
    done = compared(
        then,
        decisions(heard),
        file=str(path),
        job=recorded.job,
        frames=max(0, sum(1 for _ in read_lines(path / LINES)) - 1),
        damage=damage[0] if damage else "",
        seconds=round(time.monotonic() - began, 3),
    )
    emit(done)
    return done


def _run(
    workspace: Workspace,
    recorded: Recorded,
    into: str | None,
    judged: frozenset[int],
    cancel: Cancel,
    emit: Emit,
) -> None:
    request, settings = recorded.request, recorded.settings
    if isinstance(request, RecogniseRequest):
        _recognise(workspace, recorded, request, judged, cancel, emit)
        return
    from engine.jobs.enrol import enrol

    if into is not None:
        from engine.jobs.judging import guard_here

        guard = guard_here(workspace, settings, emit)
        enrol(workspace, settings, request, cancel, emit, faces=guard)
        return
    with tempfile.TemporaryDirectory(prefix="facedesk-replay-") as folder:
        # Nothing of it is kept, so nobody is enrolled by it.
        rule = replace(settings.consent, required="off")
        nobody = replace(settings, consent=rule)
        enrol(Workspace(Path(folder)), nobody, request, cancel, emit)


def _recognise(
    workspace: Workspace,
    recorded: Recorded,
    request: RecogniseRequest,
    judged: frozenset[int],
    cancel: Cancel,
    emit: Emit,
) -> None:
    """Recognise. Of a live session the model saw only the frames it was quick enough for: the
    others are left out again, for each would have a vote."""
    from engine.jobs.recognise import recognise

    def heeded(found: FacesFound) -> bool:
        return not (recorded.live and found.boxes) or found.frame in judged

    recognise(workspace, recorded.settings, request, cancel, emit, judged=heeded)


def _settings_of(told: Any, present: Settings) -> tuple[Settings, tuple[str, ...]]:
    """The recording's settings, checked field by field by the configuration itself."""
    body = present.as_json()
    if not isinstance(told, dict):
        return present, ("The recording tells no settings: yours are used.",)
    for name in ("detection", "gates", "recognition"):
        if isinstance(told.get(name), dict):
            body[name] = {**body[name], **BEFORE.get(name, {}), **told[name]}
    try:
        used = checked_settings(body)
    except ValueError:
        return present, ("The recording's settings do not fit this version: yours are used.",)
    changed = [n for n in ("detection", "gates", "recognition") if body[n] != _dump(present, n)]
    note = "Run with the recording's own settings of {names}, which differ from yours.".format(
        names=", ".join(changed)
    )
    return used, (note,) if changed else ()


def _dump(settings: Settings, section: str) -> Any:
    return settings.as_json()[section]


# --- comparing ------------------------------------------------------------------------------


def decisions(bodies: Iterable[Mapping[str, Any]]) -> Decisions:
    """The decisions among events (as JSON objects)."""
    return dict(filter(None, map(decision_of, bodies)))


def decision_of(body: Mapping[str, Any]) -> tuple[tuple[int, tuple[int, ...]], str] | None:
    """Frame, box and what was decided; None for an event that decides nothing."""
    kind, frame, box = body.get("event"), body.get("frame"), body.get("box")
    if type(frame) is not int:
        return None
    if kind == "captured":
        return (frame, ()), "captured"
    if kind == "refused":
        return (frame, ()), f"refused, {body.get('reason')}"
    if kind == "face" and isinstance(box, list | tuple):
        return (frame, tuple(box)), str(body.get("person") or body.get("decision"))
    return None


def compared(then: Decisions, now: Decisions, **about: Any) -> ReplayDone:
    """Decisions of a recording against those of its replay. `about` are ReplayDone's others."""
    both = [(key, then[key], now[key]) for key in then if key in now]
    different = [(key[0], before, after) for key, before, after in both if before != after]
    lost = [key for key in then if key not in now]
    first = [*different, *((key[0], then[key], "nothing") for key in lost)]
    return ReplayDone(
        decisions=len(then),
        agree=len(both) - len(different),
        differ=len(different),
        lost=len(lost),
        new=sum(1 for key in now if key not in then),
        first=tuple(sorted(first)[:MOST_SHOWN]),
        **about,
    )
