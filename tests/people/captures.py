"""Sessions made up for tests: pictures with what a capture notes of each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from engine.people.person import Person
from engine.people.picture_records import PictureRecord, SessionWriter
from engine.people.registry import People
from engine.pictures import encode_png


def grey(shade: int) -> np.ndarray:
    """A crop of one shade."""
    return np.full((160, 160, 3), shade, np.uint8)


def captured(
    people: People,
    person: Person,
    crops: Iterable[np.ndarray],
    source: str = "0",
    *,
    eyes_found: bool = True,
    aligned: str = "eyes",
) -> Path:
    """The folder of a complete session of these crops (RGB uint8 160x160x3)."""
    writer = SessionWriter(people, person, source)
    for frame, crop in enumerate(crops, 1):
        writer.add(
            encode_png(crop),
            PictureRecord(
                frame=frame,
                seconds=0.0,
                box=(0, 0, 90, 90),
                eyes_found=eyes_found,
                brightness=100.0,
                sharpness=100.0,
                aligned=aligned,
            ),
        )
    writer.close("complete", {})
    return writer.folder
