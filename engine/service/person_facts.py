"""What is known of one person: sessions, pictures, quality, consent, and who they are taken for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from engine.enrol.people import People, Person, SessionInfo
from engine.enrol.recording import PictureRecord, read_records
from engine.service import evaluations, library
from engine.service.person_rows import ConfusionFacts, PersonFacts, PictureFacts, SessionFacts
from engine.workspace import Workspace


def person_facts(workspace: Workspace, name: str) -> PersonFacts:
    """Read what is known of a person from the workspace. Raises PersonNotFound."""
    registry = People(workspace)
    person = registry.get(name)
    model = library.current_model(workspace)
    return PersonFacts(
        name=person.name,
        slug=person.slug,
        created=person.created,
        in_model=library.in_model(person, model),
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
