"""Whose faces a session shows: its pictures compared with each other, with the person's earlier
ones and with everybody else enrolled.

The features are those that training wants, and are kept for it: nothing is computed twice.
"""

from __future__ import annotations

import logging
from collections import Counter

import numpy as np

from engine.cancel import Cancel
from engine.config import Settings
from engine.enrol.folders import by_one_camera
from engine.enrol.people import People, Person, SessionInfo
from engine.enrol.permission import permitted
from engine.enrol.second_face import FaceGuard, SessionJudged
from engine.errors import FacedeskError, ModelError
from engine.events import Emit, FeaturesProgress, Notice
from engine.model.backbones import Backbone
from engine.model.embedding_cache import EmbeddingCache, kept_embeddings
from engine.model.recent_rows import RecentRows
from engine.model.store import ModelStore
from engine.model.vectors import Float32, unit
from engine.recognise.calibration import threshold_for
from engine.recognise.grouping import TWO_FACES, faces_in, most_typical
from engine.recognise.scoring import Gallery
from engine.service.jobs.loaded import Backbones
from engine.workspace import Workspace

EARLIER = 24
"""Pictures of the person's earlier sessions that new ones are compared with, spread over all."""

log = logging.getLogger(__name__)


def judge_or_say(
    workspace: Workspace,
    settings: Settings,
    slug: str,
    session: str,
    emit: Emit,
    backbones: Backbones | None = None,
    recent: RecentRows | None = None,
    cancel: Cancel | None = None,
) -> SessionJudged:
    """`judge`, where trouble of any kind is the report: it must hold up nobody."""
    try:
        return judge(workspace, settings, slug, session, emit, backbones, recent, cancel)
    except FacedeskError as error:
        return SessionJudged(slug=slug, session=session, why=str(error))
    except Exception as error:  # reported in one sentence, details in the log
        log.exception("the pictures could not be compared")
        return SessionJudged(slug=slug, session=session, why=type(error).__name__)


def judge(
    workspace: Workspace,
    settings: Settings,
    slug: str,
    session: str,
    emit: Emit,
    backbones: Backbones | None = None,
    recent: RecentRows | None = None,
    cancel: Cancel | None = None,
) -> SessionJudged:
    """Whose faces this session of a person shows, of the pictures that it has now.

    The caller holds `Workspace.writer`: features are kept. A network that is not loaded takes a
    moment; so does each new picture, and `cancel` is looked at in between. Raises BackboneMissing,
    ModelCorrupt, PersonNotFound, DataError.
    """
    backbone = _backbone(backbones or Backbones(settings.model))
    extractor = recent.before(backbone.extractor) if recent else backbone.extractor
    cache = EmbeddingCache(workspace, extractor, backbone.space)
    cuts = TWO_FACES[backbone.name]

    def progress(event: FeaturesProgress | Notice) -> None:
        if isinstance(event, Notice):
            emit(event)

    person = People(workspace).by_slug(slug)
    info = next((each for each in person.sessions if each.id == session), None)
    if info is None:
        return SessionJudged(slug=slug, session=session)
    rows = cache.rows(slug, session, info.pictures, progress, cancel=cancel).rows
    cut = cuts.session if by_one_camera(info.source) else cuts.days
    labels = faces_in(rows, cut)
    faces = [np.flatnonzero(labels == face) for face in range(int(labels.max()) + 1)]
    before = _earlier(workspace, person, info, cache)
    earlier = ""
    if before is not None:
        own, theirs = before
        own_faces = faces_in(own, cuts.days)
        means = [own[own_faces == face].mean(0) for face in np.unique(own_faces)]
        alike = [max(float((rows[face] @ mean).mean()) for mean in means) for face in faces]
        known = [face for face, likeness in zip(faces, alike, strict=True) if likeness >= cuts.days]
        others = [face for face, likeness in zip(faces, alike, strict=True) if likeness < cuts.days]
        if known:  # one person, whatever they wore: their earlier pictures say so
            faces = [np.sort(np.concatenate(known)), *others]
        else:
            earlier = theirs[most_typical(own, np.arange(len(own)))]
    gallery = _enrolled(workspace, backbone, person)
    return SessionJudged(
        slug=slug,
        session=session,
        faces=tuple(tuple(info.pictures[place] for place in face.tolist()) for face in faces),
        looks_like=tuple(_named(gallery, backbone, settings, rows[face]) for face in faces),
        typical=tuple(info.pictures[most_typical(rows, face)] for face in faces),
        earlier=earlier,
    )


def _backbone(backbones: Backbones) -> Backbone:
    """The backbone that training would take, or the face network where that cannot tell."""
    if backbones.choice.name in TWO_FACES:
        return backbones.chosen()
    return backbones.named("resnet")


def _earlier(
    workspace: Workspace, person: Person, but: SessionInfo, cache: EmbeddingCache
) -> tuple[Float32, list[str]] | None:
    """Embeddings (k, dims) of some of a person's earlier pictures, and their paths."""
    pictures = [(s, file) for s in person.sessions if s.id != but.id for file in s.pictures]
    if not pictures:
        return None
    places = np.linspace(0, len(pictures) - 1, min(EARLIER, len(pictures))).astype(int)
    chosen: dict[str, list[str]] = {}
    for place in places.tolist():
        info, file = pictures[place]
        chosen.setdefault(info.id, []).append(file)
    rows = [cache.rows(person.slug, session, files).rows for session, files in chosen.items()]
    folder = workspace.people.relative_to(workspace.root) / person.slug
    paths = [(folder / s / file).as_posix() for s, files in chosen.items() for file in files]
    return np.concatenate(rows), paths


def _enrolled(workspace: Workspace, backbone: Backbone, but: Person) -> Gallery | None:
    """Everybody else who may be recognised and whose features are there, by name."""
    space = backbone.space
    rows: dict[str, Float32] = {}
    try:
        model, _damage = ModelStore(workspace).load_or_previous()
        if model.info.details.get("face_space") == space.digest:
            slugs = [slug for slug, _name, _revision in model.labels]
            rows = dict(zip(slugs, model.centres, strict=True))
    except ModelError:
        pass
    names, centres = [], []
    for person in permitted(workspace):
        centre = rows.get(person.slug)
        if centre is None:
            centre = _centre(workspace, backbone, person)
        if centre is not None and person.slug != but.slug:
            names.append(person.name)
            centres.append(centre)
    return Gallery(space, np.stack(centres), names) if names else None


def _centre(workspace: Workspace, backbone: Backbone, person: Person) -> Float32 | None:
    digests = backbone.extractor.digest, backbone.space.digest
    found = [
        kept_embeddings(workspace, *digests, person.slug, session.id, session.pictures)
        for session in person.sessions
    ]
    there = [rows for rows in found if rows is not None]
    return unit(np.concatenate(there).mean(0)) if there else None


def _named(gallery: Gallery | None, backbone: Backbone, settings: Settings, rows: Float32) -> str:
    """Whom more than half of these pictures would be named as; empty if nobody."""
    if gallery is None or not len(rows):
        return ""
    fpir = settings.recognition.fpir
    threshold = threshold_for(backbone.space.impostors, len(gallery), fpir)
    found = gallery.search(rows)
    votes = Counter(found.candidates[found.best >= threshold].tolist())
    for candidate, count in votes.most_common(1):
        if 2 * count > len(rows):
            return str(gallery.names[candidate])
    return ""


def guard_here(workspace: Workspace, settings: Settings, emit: Emit) -> FaceGuard:
    """A guard that looks in this process, at the end of the capture, and asks nobody."""

    def ask(slug: str, session: str) -> None:
        guard.report(judge_or_say(workspace, settings, slug, session, emit))

    guard = FaceGuard(ask)
    return guard
