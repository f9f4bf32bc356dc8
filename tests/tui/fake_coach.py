"""Events of the coach with everything a test does not care about filled in."""

from __future__ import annotations

from typing import Any

from engine.contract import Coaching

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
