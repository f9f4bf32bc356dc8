"""Whose faces a capture shows, as far as the network can tell.

The first pictures are searched for as recognition does, by majority. A session's pictures are
compared with each other, with the person's earlier ones and with everybody else enrolled. The
features are those that training wants, and are kept for it: nothing is computed twice.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import Emit, TwinSuspected
from engine.contract.errors import FacedeskError, ModelError
from engine.contract.messages import SessionJudged
from engine.jobs.material import ready_strangers
from engine.model.backbones import Backbone, backbone_name
from engine.model.feature_store import EmbeddingCache, RecentRows, kept_embeddings, notices_to
from engine.model.networks import Backbones, model_in_use
from engine.model.record import StoredModel
from engine.model.store import ModelStore
from engine.model.vectors import Float32, unit
from engine.people.coach import FaceGuard
from engine.people.permission import permitted
from engine.people.person import Person, SessionInfo
from engine.people.registry import People
from engine.recognise.calibration import threshold_for
from engine.recognise.gallery import TWO_FACES, Gallery, faces_in, most_typical
from engine.recognise.recogniser import Recogniser, classifier_for
from engine.settings import Settings
from engine.shortage import shortage
from engine.text import name_key
from engine.workspace.folder import Workspace
from engine.workspace.identity import by_one_camera, spread

EARLIER = 24
"""Pictures of the person's earlier sessions that new ones are compared with, spread over all."""

log = logging.getLogger(__name__)


class Judge:
    """Looks at sessions of one workspace. The caller holds `Workspace.writer`: features are kept.

    The network is loaded with the first session, and `backbones` may have it already; `recent` may
    have rows of the very crops.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        emit: Emit,
        backbones: Backbones | None = None,
        recent: RecentRows | None = None,
    ) -> None:
        self._workspace = workspace
        self._fpir = settings.recognition.fpir
        self._emit = emit
        self._backbones = backbones or Backbones(settings.model)
        self._recent = recent
        self._centres: dict[tuple[str, str, str], Float32 | None] = {}
        """Of people as they were seen last, by space, identity and revision."""
        self._gallery: tuple[object, Gallery | None] = "", None
        """What it was made of, and the gallery: a capture is looked at every few pictures."""

    def look(self, slug: str, session: str, cancel: Cancel | None = None) -> SessionJudged:
        """`judge`, where trouble of any kind is the report: it must hold up nobody."""
        try:
            return self.judge(slug, session, cancel)
        except FacedeskError as error:
            return SessionJudged(slug=slug, session=session, why=str(error))
        except Exception as error:  # reported in one sentence, details in the log
            log.exception("the pictures could not be compared")
            why = str(shortage(error) or type(error).__name__)
            return SessionJudged(slug=slug, session=session, why=why)

    def judge(self, slug: str, session: str, cancel: Cancel | None = None) -> SessionJudged:
        """Whose faces this session of a person shows, of the pictures that it has now.

        Each picture that the network has not seen yet takes it a moment, and `cancel` is looked at
        in between. Raises BackboneMissing, ModelCorrupt, PersonNotFound, DataError.
        """
        model = None
        with contextlib.suppress(ModelError):
            model = ModelStore(self._workspace).load_or_previous()[0]
        backbone = self._backbone(model)
        extractor = backbone.extractor
        if self._recent is not None:
            extractor = self._recent.before(extractor)
        cache = EmbeddingCache(self._workspace, extractor, backbone.space)
        cuts = TWO_FACES[backbone.name]
        person = People(self._workspace).by_slug(slug)
        info = next((each for each in person.sessions if each.id == session), None)
        if info is None:
            return SessionJudged(slug=slug, session=session)
        report = notices_to(self._emit)
        rows = cache.rows(slug, session, info.pictures, report, cancel=cancel).rows
        cut = cuts.session if by_one_camera(info.source) else cuts.days
        labels = faces_in(rows, cut)
        faces = [np.flatnonzero(labels == face) for face in range(int(labels.max()) + 1)]
        earlier = ""
        if (before := _earlier(self._workspace, person, info, cache)) is not None:
            own, paths = before
            known, others = _told_apart(rows, faces, own, cuts.days)
            if known:  # one person, whatever they wore: their earlier pictures say so
                faces = [np.sort(np.concatenate(known)), *others]
            else:
                earlier = paths[most_typical(own, np.arange(len(own)))]
        gallery = self._enrolled(backbone, model, person)
        return SessionJudged(
            slug=slug,
            session=session,
            faces=tuple(tuple(info.pictures[place] for place in face.tolist()) for face in faces),
            looks_like=tuple(self._named(gallery, backbone, rows[face]) for face in faces),
            typical=tuple(info.pictures[most_typical(rows, face)] for face in faces),
            earlier=earlier,
        )

    def _backbone(self, model: StoredModel | None) -> Backbone:
        """The backbone of the model in use, by which everybody in it can be compared; else the one
        that training would take, or the face network where that cannot tell."""
        packaged = model and model.info.details.get("weights_source", "packaged") == "packaged"
        if model and packaged and backbone_name(model.info) in TWO_FACES:
            with contextlib.suppress(FacedeskError):  # its network is gone: the others can tell
                return self._backbones.of(model.info)
        if self._backbones.choice.name in TWO_FACES:
            return self._backbones.chosen()
        return self._backbones.named("resnet")

    def _enrolled(
        self, backbone: Backbone, model: StoredModel | None, but: Person
    ) -> Gallery | None:
        """Everybody else enrolled whose features are there, by name.

        Also who took their consent back: nobody else can notice that they are enrolled again.
        """
        space = backbone.space
        in_use: dict[str, Float32] = {}
        if model is not None and model.info.details.get("face_space") == space.digest:
            ids = [id for id, _name, _revision in model.labels]
            in_use = dict(zip(ids, model.centres, strict=True))
        others = [each for each in People(self._workspace).list() if each.id != but.id]
        made_of = (
            space.digest,
            model.info.id if in_use and model else "",
            tuple((each.id, each.name, each.revision) for each in others),
        )
        if made_of == self._gallery[0]:
            return self._gallery[1]
        names, centres = [], []
        for person in others:
            centre = in_use.get(person.id)
            if centre is None:
                key = space.digest, person.id, person.revision
                if self._centres.get(key) is None:
                    self._centres[key] = _centre(self._workspace, backbone, person)
                centre = self._centres[key]
            if centre is not None:
                names.append(person.name)
                centres.append(centre)
        gallery = Gallery(space, np.stack(centres), names) if names else None
        if len(names) == len(others):  # else somebody's features may be there the next time
            self._gallery = made_of, gallery
        return gallery

    def _named(self, gallery: Gallery | None, backbone: Backbone, rows: Float32) -> str:
        """Whom more than half of these pictures would be named as; empty if nobody."""
        if gallery is None:
            return ""
        threshold = threshold_for(backbone.space.impostors, len(gallery), self._fpir)
        found = gallery.search(rows)
        named = found.candidates[found.best >= threshold].tolist()
        return _majority([gallery.names[candidate] for candidate in named], len(rows))


def guard_here(workspace: Workspace, settings: Settings, emit: Emit) -> FaceGuard:
    """A guard that looks in this process, at the end of the capture, and asks nobody."""
    judge = Judge(workspace, settings, emit)

    def ask(slug: str, session: str) -> None:
        guard.report(judge.look(slug, session))

    guard = FaceGuard(ask)
    return guard


def _majority(names: Sequence[str], of: int) -> str:
    """The name that more than half of so many pictures have; empty if there is none."""
    return next((name for name, count in Counter(names).items() if 2 * count > of), "")


def _told_apart(
    rows: Float32, faces: list[NDArray[np.intp]], own: Float32, cut: float
) -> tuple[list[NDArray[np.intp]], list[NDArray[np.intp]]]:
    """The faces (indices into `rows`) that are one of the faces of the earlier pictures `own`, and
    those that are not."""
    before = faces_in(own, cut)
    means = np.stack([own[before == face].mean(0) for face in np.unique(before)])
    alike = [float((rows[face].mean(0) @ means.T).max()) for face in faces]
    known = [face for face, likeness in zip(faces, alike, strict=True) if likeness >= cut]
    return known, [face for face, likeness in zip(faces, alike, strict=True) if likeness < cut]


def _earlier(
    workspace: Workspace, person: Person, but: SessionInfo, cache: EmbeddingCache
) -> tuple[Float32, list[str]] | None:
    """Embeddings (k, dims) of some of a person's earlier pictures, and their paths."""
    pictures = ((s.id, file) for s in person.sessions if s.id != but.id for file in s.pictures)
    chosen = spread(pictures, EARLIER)
    if not chosen:
        return None
    rows = [cache.rows(person.slug, session, files).rows for session, files in chosen.items()]
    folder = workspace.people.relative_to(workspace.root) / person.slug
    paths = [(folder / s / file).as_posix() for s, files in chosen.items() for file in files]
    return np.concatenate(rows), paths


def _centre(workspace: Workspace, backbone: Backbone, person: Person) -> Float32 | None:
    digests = backbone.extractor.digest, backbone.space.digest
    found = [
        kept_embeddings(workspace, *digests, person.slug, session.id, session.pictures)
        for session in person.sessions
    ]
    there = [rows for rows in found if rows is not None]
    return unit(np.concatenate(there).mean(0)) if there else None


def suspect(
    workspace: Workspace,
    settings: Settings,
    person: str,
    crops: NDArray[np.uint8],
    emit: Emit,
    backbones: Backbones | None = None,
    recent: RecentRows | None = None,
) -> TwinSuspected | None:
    """The enrolled person other than `person` whom most of `crops` are named as, if any.

    `crops` uint8 (n, 160, 160, 3) RGB. Each is searched for itself in the gallery of the model
    in use, at its threshold; more than half must name the same person. Loading takes seconds,
    unless `backbones` has it; `recent` may have rows of the very crops.
    Raises NoModel, ModelCorrupt, BackboneMissing.
    """
    model = model_in_use(workspace, emit)
    backbone = (backbones or Backbones(settings.model)).of(model.info)
    space = backbone.space
    extractor = recent.before(backbone.extractor) if recent else backbone.extractor
    recogniser = Recogniser(
        model,
        extractor,
        space,
        settings.recognition,
        names={each.id: each.name for each in permitted(workspace)},
        classifier=classifier_for(model, backbone.weights),
        strangers=ready_strangers(workspace, extractor, space, emit),
    )
    found = recogniser.gallery.search(space.embed(extractor.extract(crops)))
    reached = found.candidates[found.best >= recogniser.threshold].tolist()
    named = [recogniser.names[candidate] for candidate in reached]
    other = _majority(named, len(crops))
    if not other or name_key(other) == name_key(person):
        return None
    scores = found.scores[:, recogniser.names.index(other)]
    return TwinSuspected(
        person=person,
        other=other,
        score=float(np.median(scores)),
        threshold=recogniser.threshold,
        pictures=named.count(other),
        of=len(crops),
    )
