"""The quick calls: people, split and models as the user interface lists and changes them.

Pure file work: neither OpenCV nor TensorFlow is imported. Whoever changes something holds the
workspace's writer lock.

What is known of one person: sessions, pictures, quality, consent, and who they are taken for.

Reading the inbox in groups. Loads numpy when called, neither OpenCV nor TensorFlow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, product
from statistics import median
from typing import TYPE_CHECKING

from engine.contract import EpochDone, EvaluateDone, SplitDone
from engine.contract.errors import DataError, ModelCorrupt, NoModel, UsageError
from engine.contract.people import state_of
from engine.contract.requests import (
    ConfusionFacts,
    EnrolRequest,
    InboxView,
    InModel,
    ModelRow,
    PersonFacts,
    PersonRow,
    PictureFacts,
    SessionFacts,
    SightingRow,
    SplitRequest,
    UnknownGroup,
)
from engine.desk import evaluations
from engine.jobs import split as splitting
from engine.model.record import ModelInfo, contains
from engine.model.store import ModelStore
from engine.people.names import clean_name
from engine.people.permission import permit
from engine.people.person import Person, SessionInfo, UnreadPerson
from engine.people.recording import PictureRecord, read_records
from engine.people.registry import People
from engine.people.unknown import FEATURES_FILE, ChoiceMemory, Inbox, Sides, Sighting
from engine.people.unknown_choices import Choices
from engine.rights.purge import unseen
from engine.settings import Settings, SplitSettings
from engine.workspace.audit import Audit
from engine.workspace.files import read_bytes
from engine.workspace.folder import Workspace

if TYPE_CHECKING:
    from engine.model.vectors import Float32


def person_rows(workspace: Workspace, settings: Settings | None = None) -> tuple[PersonRow, ...]:
    """Everybody enrolled, by name, each with whether the current model knows their pictures, and
    how consent and last sight stand by these `settings` (None: the defaults). Who cannot be read
    comes last."""
    known = settings or Settings()
    away = {each.slug: each.since for each in unseen(workspace, known)}
    model = ModelStore(workspace).current()
    trained = _revisions(model)
    people, unread = People(workspace).everybody()
    rows = tuple(
        PersonRow(
            name=person.name,
            slug=person.slug,
            created=person.created,
            pictures=person.pictures,
            sessions=len(person.sessions),
            in_model=_in_model(person, trained),
            newest=max((session.started for session in person.sessions), default=""),
            consent=state_of(person.consent, known.consent),
            unseen=away.get(person.slug, ""),
            id=person.id,
            untrained=_untrained(person, model),
        )
        for person in people
    )
    return (*rows, *map(_unread_row, unread))


def _unread_row(each: UnreadPerson) -> PersonRow:
    return PersonRow(
        name=each.shown,
        slug=each.slug,
        created="",
        pictures=0,
        sessions=0,
        in_model="no",
        trouble=each.sentence,
    )


def in_model(person: Person, model: ModelInfo | None) -> InModel:
    """Whether a model knows this person, and these very pictures."""
    return _in_model(person, _revisions(model))


def _revisions(model: ModelInfo | None) -> dict[str, str]:
    return {id: revision for id, _, revision in model.people} if model else {}


def _in_model(person: Person, trained: dict[str, str]) -> InModel:
    if person.id not in trained:
        return "no"
    return "yes" if trained[person.id] == person.revision else "stale"


def _untrained(person: Person, model: ModelInfo | None) -> int:
    """How many pictures of this person the model does not know; 0 if it does not say which."""
    state = in_model(person, model)
    if model is None or state != "stale":
        return person.pictures if state == "no" else 0
    record = model.details.get("enrolled_on")
    if not isinstance(record, Mapping):
        return 0  # of a version before
    try:
        return sum(
            not contains(record, person.id, session.id, file)
            for session in person.sessions
            for file in session.pictures
        )
    except (ValueError, AttributeError, TypeError):
        return 0


def check_name(name: str) -> str:
    """The name as it will be stored. Raises NameInvalid."""
    return clean_name(name)


def check_consent(workspace: Workspace, settings: Settings, request: EnrolRequest) -> str:
    """What is amiss with the consent of whom `request` enrols. Raises ConsentMissing."""
    leave = permit(workspace, [request.person], settings.consent, request.consent, request.source)
    return leave.sentence


def check_trainable(workspace: Workspace) -> None:
    """Raise NoPictures if there is nothing to train on."""
    splitting.with_pictures(workspace)


def check_model(workspace: Workspace) -> None:
    """Raise NoModel if nothing has been trained yet."""
    if ModelStore(workspace).current_id() is None:
        raise NoModel(
            "No model has been trained yet",
            hint="Enrol people, then run `facedesk train`.",
        )


def rename(workspace: Workspace, old: str, new: str) -> None:
    """Rename a person. Raises PersonNotFound, NameTaken, NameInvalid."""
    people = People(workspace)
    with Audit(workspace).of("person-renamed", people.get(old).id):
        people.rename(old, new)


def delete(workspace: Workspace, name: str) -> Person:
    """Delete a person for good, as the demo does with its own. Raises PersonNotFound."""
    people = People(workspace)
    gone = people.get(name)
    with Audit(workspace).of("person-erased", gone.id, pictures=gone.pictures):
        return people.delete(name)


def current_split(workspace: Workspace) -> SplitDone | None:
    """The split on disk as counts, or None."""
    return splitting.current_split(workspace)


def split(workspace: Workspace, request: SplitRequest) -> SplitDone:
    """Make and save a split. Raises UsageError for impossible shares, NoPictures."""
    try:
        settings = SplitSettings(
            train=request.train,
            validation=request.validation,
            test=request.test,
            seed=request.seed,
        )
    except ValueError as error:
        raise UsageError(
            "The shares are impossible",
            f"train {request.train:g}, validation {request.validation:g}, test {request.test:g}",
            "They must sum to 1, with train at least 0.05 and none negative.",
        ) from error
    return splitting.split(workspace, settings, random=request.random)


def model_rows(workspace: Workspace) -> tuple[ModelRow, ...]:
    """Stored models, newest first."""
    return tuple(
        _measured(model_row(info), evaluations.load(workspace, info.id))
        for info in ModelStore(workspace).list(compare=True)
    )


def _measured(row: ModelRow, kept: tuple[EvaluateDone, tuple[str, ...]] | None) -> ModelRow:
    """The row with the figures of the model's last evaluation, if it was ever evaluated."""
    if kept is None:
        return row
    done, _unused = kept
    return replace(row, rank1=done.rank1, tpir=done.tpir_at_threshold, fpir=done.fpir_at_threshold)


def model_row(info: ModelInfo) -> ModelRow:
    """One stored model as listed."""
    return ModelRow(
        id=info.id,
        recipe=info.recipe,
        created=info.created,
        people=len(info.people),
        epochs=info.epochs,
        best_epoch=info.best_epoch,
        threshold=float("nan") if info.threshold is None else info.threshold,
        val_accuracy=float(info.metrics.get("val_accuracy", float("nan"))),
        current=info.current,
        damaged=bool(info.damaged),
        damage=info.damaged,
        history=history_of(info),
        aside=info.aside,
    )


def history_of(info: ModelInfo) -> tuple[EpochDone, ...]:
    """The epochs of a model's training; empty if the record has none, or not such as these."""
    try:
        return tuple(map(EpochDone.from_record, info.details.get("history", ())))
    except (KeyError, TypeError, ValueError, OverflowError):
        return ()


def promote(workspace: Workspace, model: str) -> str:
    """Make a stored model the current one, by its id or how that begins; returns the id.

    Raises NoModel, ModelCorrupt.
    """
    store = ModelStore(workspace)
    identity = store.named(model)
    with Audit(workspace).of("promoted", model=identity):
        return store.promote(identity).id


def rollback(workspace: Workspace) -> str:
    """Go back to the model in use before the current one; returns its id. Raises NoModel."""
    with Audit(workspace).of("rolled-back") as doing:
        doing.more["model"] = model = ModelStore(workspace).rollback().id
    return model


def person_facts(workspace: Workspace, name: str) -> PersonFacts:
    """Read what is known of a person from the workspace. Raises PersonNotFound."""
    registry = People(workspace)
    person = registry.get(name)
    model = ModelStore(workspace).current()
    return PersonFacts(
        name=person.name,
        slug=person.slug,
        created=person.created,
        in_model=in_model(person, model),
        consent=person.consent,
        sessions=tuple(_session(registry, person, session) for session in person.sessions),
        confusion=_confusion(workspace, registry, person, model.id) if model else None,
    )


def _session(registry: People, person: Person, session: SessionInfo) -> SessionFacts:
    records = read_records(registry.session_directory(person.slug, session.id))
    by_file = {record.file: record for record in records}
    known = [by_file[file] for file in session.pictures if file in by_file]
    return SessionFacts(
        id=session.id,
        source=session.source,
        started=session.started,
        pictures=tuple(_picture(file, by_file.get(file)) for file in session.pictures),
        brightness=_median([record.brightness for record in known]),
        sharpness=_median([record.sharpness for record in known]),
        eyes=sum(record.eyes_found for record in known) / len(known) if known else math.nan,
    )


def _picture(file: str, record: PictureRecord | None) -> PictureFacts:
    if record is None:
        return PictureFacts(file=file, brightness=math.nan, sharpness=math.nan, eyes_found=False)
    return PictureFacts(
        file=file,
        brightness=record.brightness,
        sharpness=record.sharpness,
        eyes_found=record.eyes_found,
        label=record.label,
        others=record.others,
    )


def _median(values: Sequence[float]) -> float:
    return median(values) if values else math.nan


def _confusion(
    workspace: Workspace, registry: People, person: Person, model: str
) -> ConfusionFacts | None:
    found = evaluations.load(workspace, model)
    if found is None or person.id not in found[1]:
        return None
    done, ids = found
    row = ids.index(person.id)
    if row >= len(done.confusion) or len(done.confusion[row]) != len(ids) + 1:
        return None
    *counts, nobody = done.confusion[row]
    now = {other.id: other.name for other in registry.list()}
    others = [
        (now.get(id, name), count)
        for place, (id, name, count) in enumerate(zip(ids, done.people, counts, strict=True))
        if count and place != row
    ]
    return ConfusionFacts(
        model=model,
        probes=sum(counts) + nobody,
        named=counts[row],
        nobody=nobody,
        others=tuple(sorted(others, key=lambda other: (-other[1], other[0]))),
    )


LARGEST_PICTURE = 4 << 20
"""Bytes; an aligned crop has about 50 KB."""


def inbox_view(workspace: Workspace, settings: Settings) -> InboxView:
    """What waits, grouped by likeness, newest group first."""
    inbox = Inbox(workspace, settings.inbox)
    undoable = Choices(workspace, settings.inbox).last()
    apart = ChoiceMemory(workspace).splits()
    groups = [_row(inbox, workspace, each) for each in _grouped(inbox, inbox.sightings(), apart)]
    return InboxView(
        keeping=inbox.keeping,
        days=settings.inbox.days,
        groups=tuple(sorted(groups, key=lambda group: group.sightings[-1], reverse=True)),
        undo=undoable.title if undoable else "",
    )


def picture(workspace: Workspace, path: str) -> bytes:
    """The bytes of a crop by its path below the workspace.

    Raises DataError if there is none there, or the path leads elsewhere.
    """
    root = workspace.root.resolve()
    file = (root / path).resolve()
    inside = file.is_relative_to(root) and file.suffix == ".png"
    try:
        if inside and file.stat().st_size <= LARGEST_PICTURE:
            return read_bytes(file)
    except OSError:
        pass
    raise DataError("This picture is not there any more", path)


def _grouped(
    inbox: Inbox, sightings: Sequence[Sighting], splits: Sequence[Sides]
) -> list[list[Sighting]]:
    """Sightings of one stranger together. Embeddings of different spaces cannot be compared:
    each space is grouped by itself, and a sighting without an embedding stays alone. Never
    together are the two sides of a split, and two faces of one frame."""
    spaces: dict[str, list[tuple[Sighting, Float32]]] = {}
    groups: list[list[Sighting]] = []
    for sighting in sightings:
        embedding = _embedding(inbox, sighting)
        if embedding is None:
            groups.append([sighting])
        else:
            key = f"{sighting.extractor} {sighting.space} {len(embedding)}"
            spaces.setdefault(key, []).append((sighting, embedding))
    if not spaces:
        return groups
    import numpy as np

    from engine.recognise.gallery import group

    for members in spaces.values():
        apart = _apart([sighting for sighting, _ in members], splits)
        labels = group(np.stack([embedding for _, embedding in members]), apart=apart)
        found: dict[int, list[Sighting]] = {}
        for (sighting, _unused), label in zip(members, labels.tolist(), strict=True):
            found.setdefault(label, []).append(sighting)
        groups.extend(found.values())
    return groups


def _apart(sightings: Sequence[Sighting], splits: Sequence[Sides]) -> list[tuple[int, int]]:
    """Pairs of sightings, by their places, that are not one person."""
    place = {sighting.id: number for number, sighting in enumerate(sightings)}
    pairs = [
        (place[one], place[other])
        for marked, others in splits
        for one, other in product(marked, others)
        if one in place and other in place
    ]
    runs: dict[str, list[int]] = {}
    for number, sighting in enumerate(sightings):
        if sighting.run:
            runs.setdefault(sighting.run, []).append(number)
    for run in runs.values():
        pairs += [(a, b) for a, b in combinations(run, 2) if sightings[a].was_beside(sightings[b])]
    return pairs


def _embedding(inbox: Inbox, sighting: Sighting) -> Float32 | None:
    """The unit-length mean of a sighting's embeddings; None if they cannot be read."""
    import numpy as np

    from engine.model.arrays import unpack
    from engine.model.vectors import unit

    path = inbox.folder(sighting.id) / FEATURES_FILE
    try:
        rows = unpack(read_bytes(path), path.name)["embeddings"]
    except (OSError, DataError, ModelCorrupt, KeyError):
        return None
    if rows.ndim != 2 or not len(rows) or rows.dtype.kind != "f" or not np.isfinite(rows).all():
        return None
    return unit(rows.mean(0, dtype=np.float32))


def _row(inbox: Inbox, workspace: Workspace, members: Sequence[Sighting]) -> UnknownGroup:
    best = max(members, key=lambda sighting: sighting.score - sighting.threshold)
    rows = tuple(
        SightingRow(
            sighting.id,
            sighting.at,
            len(sighting.records),
            (inbox.folder(sighting.id) / sighting.records[-1].file)
            .relative_to(workspace.root)
            .as_posix(),
        )
        for sighting in members
    )
    return UnknownGroup(
        sightings=tuple(row.id for row in rows),
        rows=rows,
        crops=sum(row.crops for row in rows),
        first=rows[0].at,
        last=rows[-1].at,
        source=members[-1].source,
        candidate=best.candidate,
        score=best.score,
        threshold=best.threshold,
        picture=rows[-1].picture,
    )
