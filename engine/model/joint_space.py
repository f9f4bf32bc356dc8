"""The space of two opinions: several networks' face spaces side by side, judged as one.

An embedding is the networks' embeddings in a row, each scaled so that the cosine of two of them is
the weighted sum of the networks' cosines. Everything that works in one face space works here.
The spaces were fitted on the same people and mixed the same of them into each cohort vector, so
their cohorts go side by side too. The weight was chosen, and the impostor curve measured, on
background people only; see `space/MODEL_CARD.md`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.model.arrays import pack
from engine.model.face_space import (
    FORMAT,
    FaceSpace,
    Space,
    contents,
    corrupt,
    digest_file,
    read_verified,
)
from engine.model.vectors import Array, Float32, ImpostorCurve
from engine.workspace.files import write_plain


@dataclass(frozen=True, slots=True, eq=False)
class JointSpace(Space):
    """Spaces `parts` of `names`, whose cosines count by `shares`, which sum to 1.

    `digest` and `provenance` as in `Space`. Build one with `joined` or `load`.
    """

    names: tuple[str, ...]
    parts: tuple[FaceSpace, ...]
    shares: tuple[float, ...]
    impostors: ImpostorCurve
    provenance: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""

    @property
    def dims(self) -> int:
        """Length of an embedding."""
        return sum(part.dims for part in self.parts)

    @property
    def length(self) -> int:
        """Length of a feature row: the networks' rows in the order of `parts`."""
        return sum(part.length for part in self.parts)

    @property
    def cohort_size(self) -> int:
        """See `Space`."""
        return self.parts[0].cohort_size

    def cohort_rows(self, rows: slice) -> Float32:
        """See `Space`."""
        return side_by_side([part.cohort_rows(rows) for part in self.parts], self.shares)

    def embed(self, features: Array) -> Float32:
        """Features (n, length) to embeddings (n, dims), float32 of unit length."""
        if features.ndim != 2 or features.shape[1] != self.length:
            raise ValueError(f"features must be (n, {self.length}), not {features.shape}")
        cuts = np.cumsum([part.length for part in self.parts])[:-1]
        pieces = np.split(features, cuts, axis=1)
        return side_by_side(
            [part.embed(piece) for part, piece in zip(self.parts, pieces, strict=True)],
            self.shares,
        )

    def opinions(self, embeddings: Array) -> dict[str, Float32]:
        """What each network says by itself: embeddings (n, dims) cut up, each of unit length."""
        cuts = np.cumsum([part.dims for part in self.parts])[:-1]
        pieces = np.split(np.asarray(embeddings, np.float32), cuts, axis=1)
        return {
            name: np.asarray(piece / np.sqrt(share), np.float32)
            for name, piece, share in zip(self.names, pieces, self.shares, strict=True)
        }

    @classmethod
    def load(cls, path: Path, names: Sequence[str], parts: Sequence[FaceSpace]) -> JointSpace:
        """The joint space at `path` of `parts`, verified as `FaceSpace.load` does.

        Raises ModelCorrupt also if it was made for other parts.
        """
        data = read_verified(path)
        try:
            arrays, provenance = contents(data, path)
            if provenance.get("spaces") != [part.digest for part in parts]:
                raise ValueError("it was made for other face spaces")
            curve = ImpostorCurve(
                arrays["rates"].astype(np.float64), arrays["curve"].astype(np.float64)
            )
            shares = tuple(map(float, arrays["shares"].tolist()))
            made = joined(names, parts, shares, curve, provenance)
        except (ValueError, KeyError, TypeError) as error:
            raise corrupt(path, f"its contents are not a face space ({error})") from error
        return replace(made, digest=hashlib.sha256(data).hexdigest())

    def save(self, path: Path) -> str:
        """Write shares and curve to `path`, its SHA-256 beside it; return the digest.

        The parts are files of their own, named by their digests.
        """
        facts = {**self.provenance, "format": FORMAT}
        facts["spaces"] = [part.digest for part in self.parts]
        data = pack(
            {
                "shares": np.array(self.shares, np.float64),
                "rates": self.impostors.rates,
                "curve": self.impostors.scores,
                "provenance": np.array(json.dumps(facts)),
            }
        )
        digest = hashlib.sha256(data).hexdigest()
        write_plain(path, data)
        write_plain(digest_file(path), f"{digest}  {path.name}\n".encode())
        return digest


def joined(
    names: Sequence[str],
    parts: Sequence[FaceSpace],
    shares: Sequence[float],
    curve: ImpostorCurve,
    provenance: Mapping[str, Any] | None = None,
) -> JointSpace:
    """The joint space of `parts`. Raises ValueError if they do not fit each other."""
    if not len(names) == len(parts) == len(shares) or len(parts) < 2:
        raise ValueError("a joint space has a name and a share for each of its parts")
    if not np.isfinite(shares).all() or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
        raise ValueError("the shares of a joint space are positive and sum to 1")
    if len({part.cohort_size for part in parts}) > 1:
        raise ValueError("the parts of a joint space have cohorts of different sizes")
    return JointSpace(tuple(names), tuple(parts), tuple(shares), curve, dict(provenance or {}))


def side_by_side(rows: Sequence[Float32], shares: Sequence[float]) -> Float32:
    """Unit rows (n, d) of each network as unit rows (n, sum of d), float32.

    Scaled by the roots of the shares, so that dot products add up by the shares themselves.
    """
    scaled = [piece * np.float32(np.sqrt(share)) for piece, share in zip(rows, shares, strict=True)]
    return np.concatenate(scaled, axis=1)
