"""Why a face was decided as it was: the evidence that is kept, and the explanation made of it.

The decision itself is never made again here: its rule comes from `tracking.decide`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from engine.contract import FaceSeen, Rule, Why
from engine.faces.refusal import GATES
from engine.model.backbones import BACKBONES
from engine.model.face_space import JointSpace, Space
from engine.model.feature_store import FeatureCache
from engine.model.vectors import Float32, cohort_scores, unit
from engine.people.permission import permitted
from engine.people.registry import People
from engine.pictures import encode_png
from engine.recognise.calibration import threshold_for
from engine.settings import GateSettings
from engine.text import match
from engine.workspace.folder import Workspace

MOST_TRACKS = 32
"""Tracks whose last decision is kept; older ones go first."""
AS_SEEN = {each.name for each in fields(Why)} & {each.name for each in fields(FaceSeen)}
"""What an explanation says of a face just as the event did."""
NEAREST_CROPS = 3
"""Enrolled crops shown beside a probe."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The last decision about a track, with the newest frame's crop and its own embedding.

    `crop` uint8 (160, 160, 3) RGB; `embedding` (dims,) and `features` (k,) float32 of this crop
    alone; `window` and `least` as in RecognitionSettings (1 for a picture by itself). `centre`
    (dims,) is the candidate's, in a gallery of `people` at the dial `fpir`.
    """

    seen: FaceSeen
    rule: Rule
    crop: NDArray[np.uint8]
    embedding: Float32
    features: Float32
    window: int
    least: int
    eyes_found: bool | None
    centre: Float32 | None = None
    people: int = 1
    fpir: float = 0.01


class Memory:
    """The newest evidence of each track, of the last `most` tracks."""

    def __init__(self, most: int = MOST_TRACKS) -> None:
        self._most = most
        self._tracks: dict[int, Evidence] = {}

    def keep(self, evidence: Evidence) -> None:
        """Put in the place of what was kept of this track."""
        self._tracks.pop(evidence.seen.track, None)
        self._tracks[evidence.seen.track] = evidence
        if len(self._tracks) > self._most:
            del self._tracks[next(iter(self._tracks))]

    def of(self, track: int | None) -> Evidence | None:
        """What is kept of a track; None for the face seen last."""
        if track is None:
            return next(reversed(self._tracks.values()), None)
        return self._tracks.get(track)

    def clear(self) -> None:
        """Forget everything."""
        self._tracks.clear()

    def all(self) -> tuple[Evidence, ...]:
        """All that is kept, the face seen last at the end."""
        return tuple(self._tracks.values())


@dataclass(frozen=True, slots=True, eq=False)
class EnrolledCrops:
    """Enrolled crops to compare with: `embeddings` (n, dims) float32 of unit length, with the
    name of the person of each and its path below the workspace."""

    embeddings: Float32
    people: tuple[str, ...]
    paths: tuple[str, ...]

    def nearest(self, embedding: Float32) -> tuple[tuple[str, str, float], ...]:
        """The crops most like `embedding` (dims,): person, path and cosine, most like first."""
        likeness = self.embeddings @ embedding
        order = np.argsort(-likeness, kind="stable")[:NEAREST_CROPS]
        return tuple((self.people[i], self.paths[i], float(likeness[i])) for i in order.tolist())


def explain(
    evidence: Evidence, enrolled: EnrolledCrops, gates: GateSettings, space: Space | None = None
) -> Why:
    """The explanation of a track's last decision; with the `space` it was made in, also what each
    network of a joint one says."""
    seen = evidence.seen
    from engine.faces.quality import Probe, measured  # OpenCV: 30 MB, for explanations only

    return Why(
        **{name: getattr(seen, name) for name in AS_SEEN},
        rule=evidence.rule.value,
        margin=seen.score - seen.runner_up_score if seen.runner_up is not None else 0.0,
        window=evidence.window,
        least=evidence.least,
        gates=tuple(
            (gate.refusal.value, value, limit)
            for gate, value, limit in measured(
                Probe(evidence.crop, seen.box[2]),
                (gate for gate in GATES.values() if gate.label),
                gates,
            )
        ),
        eyes_found=evidence.eyes_found,
        nearest=enrolled.nearest(evidence.embedding),
        compared=len(enrolled.paths),
        opinions=opinions(evidence, space) if isinstance(space, JointSpace) else (),
        crop=encode_png(evidence.crop),
    )


@dataclass(slots=True, eq=False)
class Explainer:
    """Explains decisions. Safe from several threads.

    The enrolled crops are read at the first explanation, from the cache of features that
    training left: crops without features there are not compared, no network runs.
    """

    workspace: Workspace
    gates: GateSettings
    extractor: str
    """Its digest."""
    space: Space
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _enrolled: EnrolledCrops | None = field(default=None, init=False)

    def explain(self, evidence: Evidence) -> Why:
        """The explanation of one decision."""
        with self._lock:
            if self._enrolled is None:
                self._enrolled = self._read()
        return explain(evidence, self._enrolled, self.gates, self.space)

    def forget(self) -> None:
        """People have changed: the enrolled crops are read anew for the next explanation."""
        with self._lock:
            self._enrolled = None

    def _read(self) -> EnrolledCrops:
        people = People(self.workspace)
        cache = FeatureCache(self.workspace, self.extractor)
        rows = [np.empty((0, self.space.dims), np.float32)]
        names: list[str] = []
        paths: list[str] = []
        for person in permitted(self.workspace):
            for session in person.sessions:
                files, features = cache.ready(person.slug, session.id, session.pictures)
                if files:
                    folder = people.session_directory(person.slug, session.id)
                    below = folder.relative_to(self.workspace.root).as_posix()
                    rows.append(self.space.embed(features))
                    names += [person.name] * len(files)
                    paths += [f"{below}/{file}" for file in files]
        return EnrolledCrops(np.concatenate(rows), tuple(names), tuple(paths))


def opinions(evidence: Evidence, space: JointSpace) -> tuple[tuple[str, float], ...]:
    """How well the newest crop alone matches the candidate to each network by itself, 0 to 100
    (`engine.text.match`): against the threshold that this network alone would have."""
    if evidence.centre is None:
        return ()
    probe = space.opinions(evidence.embedding[None])
    centre = space.opinions(evidence.centre[None])
    found = []
    for name, part in zip(space.names, space.parts, strict=True):
        (score,) = cohort_scores(probe[name], unit(centre[name]), part.cohort)[0].tolist()
        threshold = threshold_for(part.impostors, evidence.people, evidence.fpir)
        title = BACKBONES[name].title
        found.append((title, round(match(score, threshold), 1)))
    return tuple(found)
