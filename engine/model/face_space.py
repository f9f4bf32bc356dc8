"""The face space: a fixed projection, learnt once from many other people, that ships as a file.

Features of a frozen network become unit vectors whose cosine tells people apart: mean, signed
square root (VGG16's only), PCA and regularised LDA folded into one matrix, unit length. With it
come the cohort (mixtures of strangers to score against) and the impostor curve (how high strangers
score). `python -m fit` fits, checks and reports; see `space/MODEL_CARD.md`.

In the space of two opinions (`JointSpace`) an embedding is the networks' embeddings in a row, each
scaled so that a cosine is the weighted sum of the networks' cosines. The spaces were fitted on the
same people and mixed the same of them into each cohort vector, so their cohorts go side by side.
"""

from __future__ import annotations

import hashlib
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import ModelCorrupt
from engine.model.arrays import unpack
from engine.model.vectors import (
    Array,
    Float32,
    ImpostorCurve,
    Levelled,
    Stepped,
    levelled,
    levelled_cohort,
    normalised,
    unit,
)
from engine.workspace.files import parse_json

FORMAT = 1
PLAIN = "plain"
"""Name of an array that is in the file only if the space takes no signed root."""
PIECES = "parts"
"""Name of an array that is in the file only if the space scales parts of a row one by one."""
PACKAGED = Path(__file__).parent / "space" / "face_space.npz"
LARGEST_FILE = 64 * 2**20
"""Bytes; a larger file is refused before it is read."""
ARRAYS = {
    "mean": (1, "f"),
    "projection": (2, "i"),
    "scale": (1, "f"),
    "offset": (1, "f"),
    "cohort": (2, "i"),
    "rates": (1, "f"),
    "curve": (1, "f"),
}
"""Name, number of axes and kind of each array in the file."""

SAME_STRANGER = 0.44
"""Mean cosine from which on two groups are taken for one person. Chosen by cross-validation over
background people in spaces fitted without them (60 draws of 40 people, one to six pictures each):
99 of 100 groups of two and more hold one person, and 80 of 100 pairs of one person's pictures are
brought together; at 0.40 it is 98 and 88, at 0.36 96 and 94. A person in two groups costs a key, a
mixed group spoils an enrolment."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Space(ABC):
    """Where faces are compared: one network's `FaceSpace`, or the `JointSpace` of several.

    `impostors` says how high strangers score, `provenance` what it was fitted on and how, in plain
    JSON; `digest` is the SHA-256 of the file that it came from, empty if it was just fitted.
    """

    impostors: ImpostorCurve
    provenance: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""

    @property
    @abstractmethod
    def dims(self) -> int:
        """Length of an embedding."""

    @property
    @abstractmethod
    def length(self) -> int:
        """Length of the feature row that an embedding is made of."""

    @property
    @abstractmethod
    def cohort_size(self) -> int:
        """Rows of `cohort`."""

    @abstractmethod
    def cohort_rows(self, rows: slice) -> Float32:
        """Some rows of `cohort`, by themselves: for whoever makes a copy of their own."""

    @abstractmethod
    def embed(self, features: Array) -> Float32:
        """Features (n, length) to embeddings (n, dims), float32 of unit length."""

    def place(self, features: Array) -> Levelled:
        """`embed`, with each embedding's level against the cohort."""
        return levelled(self.embed(features), self.cohort)

    @property
    def cohort(self) -> Float32:
        """Strangers to score against: (m, dims) float32 of unit length, the same array for all who
        hold it at a time. The space itself keeps a quarter of it: a gallery has its own copy.
        """
        with _LOCK:
            held = _COHORTS.get(self)
            cohort = held() if held is not None else None
            if cohort is None:
                cohort = self.cohort_rows(slice(None))
                _COHORTS[self] = weakref.ref(cohort)
            return cohort

    @property
    def strangers(self) -> Levelled:
        """The cohort with its own levels. Computed once for each space, in most of a second,
        whichever threads ask."""
        with _LEVELLING:
            return self._strangers

    @cached_property
    def _strangers(self) -> Levelled:
        return levelled_cohort(self.cohort)


_LOCK, _LEVELLING = threading.Lock(), threading.Lock()
_COHORTS: weakref.WeakKeyDictionary[Space, weakref.ref[Float32]] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, slots=True, eq=False)
class FaceSpace(Space):
    """One fitted space of `dims` dimensions. Build with `load` or `fit.spaces.fit_space`.

    `mean` (k,), `projection` (k, d) and `offset` (d,) float32, k being the length of the
    backbone's features (12288 for VGG16, 128 for resnet); a loaded projection stays in the file's
    steps; `mixtures` (m, d) are the cohort, of which only the direction counts: float32 of unit
    length, or int8 as in the file; `rooted` says whether features pass the signed root, `parts`
    which lengths of it are scaled by themselves (see `vectors.normalised`).
    """

    mean: Float32
    projection: Float32 | Stepped
    offset: Float32
    mixtures: Float32 | NDArray[np.int8]
    rooted: bool = True
    parts: tuple[int, ...] = ()

    @property
    def dims(self) -> int:
        """Length of an embedding."""
        return int(self.projection.shape[1])

    @property
    def length(self) -> int:
        """Length of a feature row."""
        return len(self.mean)

    @property
    def cohort_size(self) -> int:
        """See `Space`."""
        return len(self.mixtures)

    def cohort_rows(self, rows: slice) -> Float32:
        """See `Space`."""
        found = np.asarray(self.mixtures[rows], np.float32)
        return unit(found) if self.mixtures.dtype == np.int8 else found

    def embed(self, features: Array) -> Float32:
        """Features (n, k) to embeddings (n, dims), float32 of unit length.

        The features must be those of the extractor that the space was fitted with: the impostor
        curve holds for such only.
        """
        if features.ndim != 2 or features.shape[1] != len(self.mean):
            raise ValueError(f"features must be (n, {len(self.mean)}), not {features.shape}")
        rows = normalised(features, self.mean, self.rooted, self.parts)
        return unit(rows @ self.projection - self.offset)

    @classmethod
    def load(cls, path: Path | None = None) -> FaceSpace:
        """The packaged space, or the one at `path`, verified against its `.sha256` file.

        Raises ModelCorrupt if a file is missing, does not match its digest, or holds arrays of
        unexpected shapes or values. Never unpickles.
        """
        with _opened(path or PACKAGED) as (arrays, provenance, digest):
            _check_shapes(arrays)
            return cls(
                mean=arrays["mean"].astype(np.float32),
                projection=Stepped(arrays["projection"], arrays["scale"]),
                offset=arrays["offset"].astype(np.float32),
                mixtures=arrays["cohort"],
                rooted=PLAIN not in arrays,
                parts=tuple(arrays[PIECES].tolist()) if PIECES in arrays else (),
                impostors=_curve(arrays),
                provenance=provenance,
                digest=digest,
            )


def digest_file(path: Path) -> Path:
    """The file beside a space that holds its SHA-256."""
    return path.with_name(path.name + ".sha256")


def _corrupt(path: Path, what: str) -> ModelCorrupt:
    return ModelCorrupt(
        "The face space cannot be used",
        f"{path}: {what}",
        "Install Facedesk again, or fit the space anew with `python -m fit fit`.",
    )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any], str]]:
    """Arrays, provenance and digest of a space's file; ModelCorrupt unless it matches the digest
    beside it, is of this version, and the body makes a space of it.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise _corrupt(path, "the file is too large")
        data = path.read_bytes()
        recorded = digest_file(path).read_text("ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise _corrupt(path, f"cannot read it or its .sha256 file ({error})") from error
    digest = hashlib.sha256(data).hexdigest()
    if recorded[:1] != [digest]:
        raise _corrupt(path, "the file does not match its recorded SHA-256")
    try:
        arrays = unpack(data, path.name)
        provenance = parse_json(str(arrays["provenance"]))
        if not isinstance(provenance, dict) or provenance.get("format") != FORMAT:
            raise ValueError("it is of another version")
        yield arrays, provenance, digest
    except (ValueError, KeyError, TypeError, ModelCorrupt) as error:
        raise _corrupt(path, f"its contents are not a face space ({error})") from error


def _curve(arrays: Mapping[str, NDArray[Any]]) -> ImpostorCurve:
    return ImpostorCurve(arrays["rates"].astype(np.float64), arrays["curve"].astype(np.float64))


def _check_shapes(arrays: Mapping[str, Any]) -> None:
    """Raise ValueError unless the arrays fit each other and are finite."""
    for name, (axes, kind) in ARRAYS.items():
        array = arrays[name]
        if array.ndim != axes or array.dtype.kind != kind or not array.size:
            raise ValueError(f"{name} has the wrong shape or type")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds values that are not finite")
    length, dims = arrays["projection"].shape
    if arrays["mean"].shape != (length,) or arrays["offset"].shape != (dims,):
        raise ValueError("mean and offset do not fit the projection")
    if arrays["scale"].shape != (dims,):
        raise ValueError("the scale does not fit the projection")
    if PIECES in arrays and int(arrays[PIECES].sum()) != length:
        raise ValueError("the parts do not make up a row")
    if arrays["cohort"].shape[1] != dims:
        raise ValueError("the cohort does not fit the projection")


@dataclass(frozen=True, slots=True, eq=False)
class JointSpace(Space):
    """Spaces `parts` of `names`, whose cosines count by `shares`, which sum to 1.

    Build one with `joined` or `load`.
    """

    names: tuple[str, ...]
    parts: tuple[FaceSpace, ...]
    shares: tuple[float, ...]

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
            [part.embed(piece) for part, piece in zip(self.parts, pieces, strict=True)], self.shares
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
        with _opened(path) as (arrays, provenance, digest):
            if provenance.get("spaces") != [part.digest for part in parts]:
                raise ValueError("it was made for other face spaces")
            shares = tuple(map(float, arrays["shares"].tolist()))
            made = joined(names, parts, shares, _curve(arrays), provenance)
        return replace(made, digest=digest)


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
    return JointSpace(
        tuple(names),
        tuple(parts),
        tuple(shares),
        impostors=curve,
        provenance=dict(provenance or {}),
    )


def side_by_side(rows: Sequence[Float32], shares: Sequence[float]) -> Float32:
    """Unit rows (n, d) of each network as unit rows (n, sum of d), float32.

    Scaled by the roots of the shares, so that dot products add up by the shares themselves.
    """
    scaled = [piece * np.float32(np.sqrt(share)) for piece, share in zip(rows, shares, strict=True)]
    return np.concatenate(scaled, axis=1)
