"""From faces of a frame to who they are: features, face space, gallery, vote, one event a face."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.contract import BoxTuple, FaceSeen, Rule
from engine.contract.errors import NoModel
from engine.model.backbones import outdated
from engine.model.face_space import Space
from engine.model.record import StoredModel
from engine.model.vectors import Float32
from engine.recognise.gallery import Gallery, runner_up
from engine.recognise.threshold import StrangerSet, kept_of, settle
from engine.recognise.tracking import Decision, Tracked, Tracker, Verdict, decide, most_voted
from engine.recognise.why import Evidence, Memory
from engine.settings import RecognitionSettings

if TYPE_CHECKING:
    from engine.model.vgg16 import Extracts
    from engine.model.weights import Weights

Classifier = Callable[[NDArray[np.uint8]], NDArray[np.floating[Any]]]
"""Crops (n, 160, 160, 3) to probabilities (n, people of the model), as recipe `classic` has."""

NO_TRACK = 0
"""Track number of a picture that stands for itself."""


class Recogniser:
    """Recognises faces with one model. One object serves one thread, and any number of cameras.

    `stale` holds the identities of people whose pictures changed since training. `names` maps
    identities to present names: a renamed person appears under her new name, and one who was
    deleted is left out of the gallery, so she cannot be named, whoever has her name or folder now;
    None takes the names of training time.
    `classifier` proposes the candidate in place of the face space (recipe `classic`); the
    decision rests on that candidate's score in the face space all the same, since a softmax is
    just as sure of strangers. `calibration` is made for the people of the gallery and for
    `strangers`, the operator's own.

    Raises ModelCorrupt if the model was trained in another face space or its threshold is none,
    NoModel if nobody of it is enrolled any more.
    """

    def __init__(
        self,
        model: StoredModel,
        extractor: Extracts,
        space: Space,
        settings: RecognitionSettings,
        stale: frozenset[str] = frozenset(),
        names: Mapping[str, str] | None = None,
        classifier: Classifier | None = None,
        strangers: StrangerSet | None = None,
    ) -> None:
        if model.info.recipe == "classic" and classifier is None:
            raise ValueError("recipe `classic` needs its classifier: see `classifier_for`")
        self._model = model
        self._strangers = strangers
        self._space = space
        self._extractor = extractor
        self._classifier = classifier
        self._settings = settings
        self._stale = stale
        numbers = count(1)
        self._trackers = defaultdict[int, Tracker](lambda: Tracker(settings, numbers))
        """One a camera."""
        self.memory = Memory()
        """What the last decisions rest on, for `why.explain`."""
        self.renew(names)

    def renew(self, names: Mapping[str, str] | None) -> None:
        """Name these people from now on, see the class; faces in view are followed anew.

        For when somebody was deleted, renamed, or took their consent back meanwhile.
        Raises ModelCorrupt, NoModel.
        """
        model, space, fpir = self._model, self._space, self._settings.fpir
        gallery, self._kept = present_gallery(model, space, names)
        trained = [(id, name) for id, name, _ in model.labels]
        self.names = tuple(names[trained[i][0]] if names else trained[i][1] for i in self._kept)
        """Present names of the gallery's people, in its order."""
        # What was remembered of the faces in view counts the people of the gallery before.
        self._trackers.clear()
        self.memory.clear()
        self.gallery, self.calibration = settle(
            space, gallery, fpir, kept_of(model.info), self._strangers
        )
        """The people who can be named (its names are their identities), and their thresholds."""
        self.threshold = self.calibration.threshold

    def observe(
        self,
        source: str,
        sequence: int,
        seconds: float,
        boxes: Sequence[BoxTuple],
        crops: NDArray[np.uint8],
        single: bool = False,
        eyes_found: Sequence[bool] = (),
        camera: int = 0,
    ) -> tuple[FaceSeen, ...]:
        """Say who is seen in one frame: one event a face, in the order of `boxes`.

        `seconds` is the frame's time on the source's clock, `crops` (n, 160, 160, 3) RGB uint8
        belong to `boxes`. Give frames without faces too: tracks end by the source's clock.
        `single` takes the picture for itself: no tracking, and either known or unknown. An
        event's `milliseconds` are those of the whole frame's recognition. `eyes_found`, if
        given, says of each crop whether it was turned upright by its eyes. Faces are followed for
        each `camera` by itself; no two cameras' tracks have the same number.
        """
        started = time.perf_counter()
        if len(boxes) != len(crops):
            raise ValueError(f"{len(boxes)} boxes do not fit {len(crops)} crops")
        tracker = self._trackers[camera]
        if not len(boxes):
            tracker.update(seconds, (), np.empty((0, self._space.dims), np.float32), ())
            return ()
        features = self._extractor.extract(crops)
        embeddings = self._space.embed(features)
        # The one product with the whole gallery; that of fused embeddings follows from it.
        cosines = self.gallery.cosines(embeddings)
        says = self.proposals(crops) if self.has_classifier else self.gallery.likeness_of(cosines)
        proposed = says.argmax(1).tolist()
        if single:
            least = window = 1
            tracked = tuple(
                Tracked(NO_TRACK, embedding, row, (candidate,))
                for embedding, row, candidate in zip(embeddings, cosines, proposed, strict=True)
            )
        else:
            least, window = self._settings.least, self._settings.window
            tracked = tracker.update(seconds, boxes, embeddings, proposed, cosines)
        scores = self.gallery.scores_of(np.stack([each.products for each in tracked]))
        milliseconds = (time.perf_counter() - started) * 1000
        verdicts = [
            self._verdict(row, each.candidates, least)
            for row, each in zip(scores, tracked, strict=True)
        ]
        _one_name_once(verdicts, scores)
        seen = []
        for face, (box, each) in enumerate(zip(boxes, tracked, strict=True)):
            candidate, verdict = verdicts[face]
            event = FaceSeen(
                source=source,
                frame=sequence,
                seconds=seconds,
                box=box,
                track=each.track,
                milliseconds=milliseconds,
                **self._who(scores[face], candidate, verdict),
            )
            eyes = bool(eyes_found[face]) if face < len(eyes_found) else None
            self.memory.keep(
                # A copy of the crop: the frame's buffer is not to live on with it.
                Evidence(
                    event,
                    verdict.rule,
                    crops[face].copy(),
                    embeddings[face],
                    features[face],
                    window,
                    least,
                    eyes,
                    self.gallery.centres[candidate],
                    len(self.gallery),
                    self._settings.fpir,
                )
            )
            seen.append(event)
        return tuple(seen)

    @property
    def has_classifier(self) -> bool:
        """Whether candidates are proposed from the crops, as recipe `classic` does."""
        return self._classifier is not None

    def proposals(self, crops: NDArray[np.uint8]) -> Float32:
        """The classifier's probabilities (n, people), only where there is one: the largest wins."""
        assert self._classifier is not None
        return np.asarray(self._classifier(crops)[:, self._kept], np.float32)

    def _verdict(self, scores: Float32, votes: tuple[int, ...], least: int) -> tuple[int, Verdict]:
        """The candidate and the verdict of one face, by the `scores` (p,) of its fused embedding
        and its frames' votes."""
        # The classifier's word is taken over the frames by majority: it has no fused input.
        candidate = int(scores.argmax()) if self._classifier is None else most_voted(votes, scores)
        return candidate, decide(float(scores[candidate]), self.threshold, candidate, votes, least)

    def _who(self, scores: Float32, candidate: int, verdict: Verdict) -> dict[str, Any]:
        """What a `FaceSeen` says of who it is. Scores and threshold are those of the candidate:
        what lies above the gallery's threshold is put back on both."""
        second, second_score = runner_up(scores, candidate)
        known = verdict.decision is Decision.KNOWN
        raised = float(self.gallery.raised[candidate])
        return {
            "candidate": self.names[candidate],
            "candidate_id": self.gallery.names[candidate],
            "score": float(scores[candidate]) + raised,
            "threshold": self.threshold + raised,
            "runner_up": None if second is None else self.names[second],
            "runner_up_score": 0.0 if second is None else second_score + raised,
            "person": self.names[candidate] if known else None,
            "decision": verdict.decision.value,
            "votes": verdict.votes,
            "of": verdict.of,
            "stale": self.gallery.names[candidate] in self._stale,
        }


def _one_name_once(verdicts: list[tuple[int, Verdict]], scores: Float32) -> None:
    """Nobody is in a frame twice: of faces with one name the best match keeps it, and the others
    become unsure."""
    known = [face for face, (_, said) in enumerate(verdicts) if said.decision is Decision.KNOWN]
    best: dict[int, int] = {}
    for face in known:
        candidate = verdicts[face][0]
        other = best.setdefault(candidate, face)
        if scores[face, candidate] > scores[other, candidate]:
            best[candidate] = face
    for face in known:
        candidate, verdict = verdicts[face]
        if best[candidate] != face:
            unsure = Verdict(Decision.UNSURE, verdict.votes, verdict.of, Rule.SAME_NAME)
            verdicts[face] = candidate, unsure


def present_gallery(
    model: StoredModel, space: Space, names: Container[str] | None
) -> tuple[Gallery, NDArray[np.intp]]:
    """The people of a model who are still among the identities of `names`, and their rows in it.

    `names` None keeps everybody. Raises ModelCorrupt if the model was trained in another face
    space, NoModel if nobody of it is enrolled any more.
    """
    trained_in = model.info.details.get("face_space", space.digest)
    if model.centres.shape[1] != space.dims or trained_in != space.digest:
        raise outdated(model.info)
    ids = [id for id, _, _ in model.labels]
    kept = [row for row, id in enumerate(ids) if names is None or id in names]
    if not kept:
        raise NoModel(
            "Nobody of this model is enrolled any more", model.info.id, "Train a new one."
        )
    return Gallery(space, model.centres[kept], [ids[row] for row in kept]), np.array(kept)


def classifier_for(
    model: StoredModel, weights: Weights | None, between: Callable[[], object] = lambda: None
) -> Classifier | None:
    """What proposes candidates for `model`: its network for recipe `classic`, else None.

    Building the network takes seconds. `between` is called before every few crops. Raises
    ModelCorrupt if its arrays do not fit.
    """
    if model.info.recipe != "classic" or weights is None:
        return None
    from engine.model.classic import ClassicModel  # keras, which recipe `head` need not wait for

    return partial(ClassicModel(model.arrays, weights).probabilities, between=between)
