"""Rows and events for tests of the interface; a test says only what it is about."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from PIL import Image

from engine.contract import (
    CameraMeasured,
    Captured,
    Coaching,
    EpochDone,
    Event,
    FaceSeen,
    Finding,
    Rule,
    SourceOpened,
    Why,
)
from engine.contract.errors import FacedeskError, SourceBusy
from engine.contract.people import Consent, RosterRow
from engine.contract.requests import (
    ConfusionFacts,
    ModelRow,
    PersonFacts,
    PersonRow,
    PictureFacts,
    SessionFacts,
    SightingRow,
    UnknownGroup,
)


def person(name: str, pictures: int = 30, **fields: object) -> PersonRow:
    row = PersonRow(
        name=name,
        slug=name.lower().replace(" ", "-"),
        created="2026-11-24T09:30:00+00:00",
        pictures=pictures,
        sessions=1,
        in_model="no",
    )
    return replace(row, **fields)  # type: ignore[arg-type]


def model(id: str = "20261124-093000", **fields: object) -> ModelRow:
    row = ModelRow(
        id=id,
        recipe="head",
        created="2026-11-24T09:45:00+00:00",
        people=2,
        epochs=12,
        best_epoch=9,
        threshold=0.18,
        val_accuracy=1.0,
        current=False,
    )
    return replace(row, **fields)  # type: ignore[arg-type]


def row(name: str, pictures: int = 0) -> RosterRow:
    """A name on the roster."""
    return RosterRow(name=name, consent=None, pictures=pictures)


def facts(row: PersonRow, consent: Consent | None = None, pictures: int = 3) -> PersonFacts:
    """Two sessions of a few pictures each; Bob is confused with."""
    return PersonFacts(
        name=row.name,
        slug=row.slug,
        created=row.created,
        in_model=row.in_model,
        consent=consent,
        sessions=tuple(
            SessionFacts(
                id=f"2026112{day}-093000-001",
                source="demo:collins",
                started=f"2026-11-2{day}T09:30:00+00:00",
                pictures=tuple(
                    PictureFacts(
                        file=f"{n:04d}.png",
                        brightness=120.0 + n,
                        sharpness=400.0 + n,
                        eyes_found=n != 2,
                    )
                    for n in range(1, pictures + 1)
                ),
                brightness=122.0,
                sharpness=402.0,
                eyes=2 / 3,
            )
            for day in (3, 4)
        ),
        confusion=ConfusionFacts(
            model="20261124-093000", probes=12, named=9, nobody=1, others=(("Bob", 2),)
        ),
    )


def png(colour: tuple[int, int, int] = (200, 120, 90)) -> bytes:
    """A crop of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (160, 160), colour).save(buffer, "PNG")
    return buffer.getvalue()


def unknown(
    number: int, candidate: str = "Ada Lovelace", seen: int = 1, **fields: object
) -> UnknownGroup:
    """A group of so many sightings on one day, three crops each."""
    day = f"2026-11-2{number}"
    rows = tuple(
        SightingRow(
            f"2026112{number}-09{30 + n}00-001",
            f"{day}T09:{30 + n}:00+00:00",
            3,
            f"unknown/{number}-{n}/0001.png",
        )
        for n in range(seen)
    )
    group = UnknownGroup(
        sightings=tuple(row.id for row in rows),
        rows=rows,
        crops=3 * seen,
        first=rows[0].at,
        last=rows[-1].at,
        source="demo:hopper",
        candidate=candidate,
        score=0.12,
        threshold=0.31,
        picture=rows[-1].picture,
    )
    return replace(group, **fields)  # type: ignore[arg-type]


def busy() -> FacedeskError:
    return SourceBusy("The camera is in use", "by another program", "Close it and try again.")


def opened(source: str = "demo:collins", *, demo: bool = True) -> SourceOpened:
    return SourceOpened(
        source=source, kind="demo", width=640, height=480, fps=30.0, live=True, demo=demo
    )


def captured(n: int, target: int = 30, name: str = "Ada Lovelace") -> Captured:
    return Captured(
        person=name,
        session="s1",
        captured=n,
        target=target,
        file=f"{n:04d}.png",
        frame=n * 3,
        box=(200, 120, 180, 180),
        brightness=121.0,
        sharpness=412.0,
    )


def epoch(n: int, best: int, epochs: int = 12, **fields: float) -> EpochDone:
    event = EpochDone(
        epoch=n,
        epochs=epochs,
        loss=1.2 / n,
        accuracy=1 - 0.5 / n,
        val_loss=1.4 / n + 0.05,
        val_accuracy=1 - 0.6 / n,
        learning_rate=1e-3,
        seconds=1.4,
        best=best,
        tpir=1 - 0.2 / n,
        fpir=0.02 / n,
    )
    return replace(event, **fields)


def face(
    decision: str,
    person: str | None = None,
    *,
    track: int = 1,
    score: float = 0.41,
    stale: bool = False,
    candidate: str = "Ada Lovelace",
) -> FaceSeen:
    return FaceSeen(
        source="demo:collins",
        frame=1,
        seconds=0.1,
        box=(200, 120, 180, 180),
        track=track,
        candidate=candidate,
        score=score,
        threshold=0.18,
        runner_up=None,
        runner_up_score=0.0,
        person=person,
        decision=decision,
        votes=6,
        of=7,
        stale=stale,
        milliseconds=31.0,
    )


def gates(
    width: float = 180, brightness: float = 121.0, sharpness: float = 412.0
) -> tuple[tuple[str, float, float], ...]:
    """A probe's figures at the default limits."""
    return (
        ("too_small", width, 80),
        ("too_dark", brightness, 45.0),
        ("too_bright", brightness, 215.0),
        ("blurred", sharpness, 150.0),
    )


def why(track: int = 1, **fields: object) -> Why:
    event = Why(
        source="demo:collins",
        frame=40,
        seconds=1.3,
        track=track,
        decision="known",
        rule=Rule.MAJORITY,
        person="Ada Lovelace",
        candidate="Ada Lovelace",
        score=0.62,
        threshold=0.48,
        runner_up="Grace Hopper",
        runner_up_score=0.21,
        margin=0.41,
        votes=6,
        of=7,
        window=7,
        least=3,
        stale=False,
        gates=gates(),
        eyes_found=True,
        nearest=(
            ("Ada Lovelace", "people/ada/s/0001.png", 0.83),
            ("Ada Lovelace", "people/ada/s/0002.png", 0.8),
            ("Grace Hopper", "people/grace/s/0001.png", 0.31),
        ),
        compared=60,
        crop=png(),
    )
    return replace(event, **fields)  # type: ignore[arg-type]


POSES = ("frontal", "left", "right")


DISTANCES = ("middle", "near", "far")


def coaching(counts: dict[tuple[str, str], int], **fields: Any) -> Coaching:
    """A `Coaching` with these counts of different pictures by pose and distance."""
    given = {
        "captured": sum(counts.values()),
        "target": 30,
        "advice": "go_on",
        "need": 3,
        "different": sum(counts.values()),
        "lights": (("even", 3), ("dim", 0), ("bright", 0), ("side", 0)),
        "light": "even",
        "cells": tuple(
            (pose, distance, counts.get((pose, distance), 0))
            for distance in DISTANCES
            for pose in POSES
        ),
    }
    return Coaching(**{**given, **fields})


def finding(subject: str, state: Any = "ok", **fields: Any) -> Finding:
    return Finding(**{"group": "files", "subject": subject, "state": state, "value": "v", **fields})


def measured(source: str = "/dev/video0") -> Event:
    return CameraMeasured(
        source=source,
        detail="",
        width=640,
        height=480,
        seconds=2.0,
        frames=60,
        fps=29.9,
        promised=30.0,
        brightness=120.0,
        clipped=0.01,
        sharpness=90.0,
        identical=0,
        across=4,
        down=2,
        pixels=bytes([200, 30, 30] * 8),
    )
