"""How a fitted space becomes a file: its matrix in steps, its impostor curve, the bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.model.arrays import pack
from engine.model.face_space import FORMAT, PIECES, PLAIN, FaceSpace, JointSpace, digest_file
from engine.model.vectors import Array, ImpostorCurve, Stepped
from engine.workspace.files import write_plain

STEPS = 127
"""Steps from zero to the largest value of a column."""
RAREST = 1e-5
"""Smallest false match rate that a curve may hold a point for."""
LEAST_BEYOND = 3
"""Scores that must lie beyond the last point, else it would be one picture's accident."""
MOST_POINTS = 2_000


def stepped(matrix: Array | Stepped) -> Stepped:
    """`matrix` rounded to steps of 1/127 of the largest value of each column."""
    if isinstance(matrix, Stepped):
        return matrix
    scale = np.maximum(np.abs(matrix).max(0), np.finfo(np.float32).tiny) / STEPS
    return Stepped(np.rint(matrix / scale).astype(np.int8), scale.astype(np.float32))


def curve_of(scores: Array, points: int = MOST_POINTS) -> ImpostorCurve:
    """Quantiles of impostor `scores` (n,), dense in the upper tail.

    The rarest rate is 1e-5, or that with three scores beyond it if there are fewer scores.
    """
    flat = np.asarray(scores, np.float64).ravel()
    if len(flat) < 10 * LEAST_BEYOND:
        raise ValueError(f"an impostor curve needs at least {10 * LEAST_BEYOND} scores")
    rarest = max(RAREST, LEAST_BEYOND / len(flat))
    body = np.linspace(1.0, 0.1, points // 4, endpoint=False)
    tail = np.geomspace(0.1, rarest, points - len(body))
    rates = np.concatenate([body, tail])
    return ImpostorCurve(rates, np.maximum.accumulate(np.quantile(flat, 1 - rates)))


def save(space: FaceSpace | JointSpace, path: Path) -> str:
    """Write the space to `path` and its SHA-256 beside it; return the digest.

    Projection and cohort are stored in steps of 1/127 of the largest value of each dimension of
    the space and of each cohort vector (of which only the direction counts). A joint space is its
    shares and curve: its parts are files of their own, named by their digests. Raises DiskFull or
    WorkspaceUnusable.
    """
    arrays: dict[str, NDArray[Any]] = {}
    if isinstance(space, JointSpace):
        spaces = [part.digest for part in space.parts]
        facts = {**space.provenance, "format": FORMAT, "spaces": spaces}
        arrays["shares"] = np.array(space.shares, np.float64)
    else:
        facts = {"format": FORMAT, **space.provenance}
        projection, cohort = stepped(space.projection), space.cohort
        steps = np.rint(cohort / np.abs(cohort).max(1, keepdims=True) * STEPS)
        arrays = {
            "mean": space.mean,
            "projection": projection.steps,
            "scale": projection.scale,
            "offset": space.offset,
            "cohort": steps.astype(np.int8),
        }
        if not space.rooted:
            arrays[PLAIN] = np.array(True)
        if space.parts:
            arrays[PIECES] = np.array(space.parts, np.int64)
    arrays |= {"rates": space.impostors.rates, "curve": space.impostors.scores}
    data = pack({**arrays, "provenance": np.array(json.dumps(facts))})
    digest = hashlib.sha256(data).hexdigest()
    write_plain(path, data)
    write_plain(digest_file(path), f"{digest}  {path.name}\n".encode())
    return digest
