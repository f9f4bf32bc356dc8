"""People, split, models and kept evaluations as the interface lists and changes them.

Needs neither OpenCV nor TensorFlow. Whoever changes something holds the writer lock. The last
evaluation of each model lies in `evaluations/<model>.json`; the newest few files stay.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from statistics import median
from typing import Any, get_args, get_origin, get_type_hints

from engine.contract import EpochDone, EvaluateDone, SplitDone
from engine.contract.errors import DataError, UsageError
from engine.contract.people import state_of
from engine.contract.requests import (
    ConfusionFacts,
    InModel,
    ModelRow,
    PersonFacts,
    PersonRow,
    PictureFacts,
    SessionFacts,
    SplitRequest,
)
from engine.desk.wire import WireError, decode
from engine.jobs import split as splitting
from engine.model.record import ModelInfo, contains
from engine.model.store import ModelStore
from engine.people.person import Person, SessionInfo, clean_name
from engine.people.picture_records import PictureRecord, read_records
from engine.people.registry import People
from engine.rights.upkeep import unseen
from engine.settings import LEAST_TRAIN, Settings, SplitSettings
from engine.text import plain
from engine.workspace.audit import Audit
from engine.workspace.files import parse_json, read_bytes, write_bytes
from engine.workspace.folder import Workspace
from engine.workspace.identity import before
from engine.workspace.owner import translate_os_errors


def person_rows(workspace: Workspace, settings: Settings | None = None) -> tuple[PersonRow, ...]:
    """Everybody enrolled, by name, each with whether the current model knows their pictures, and
    how consent and last sight stand by these `settings` (None: the defaults). Who cannot be read
    comes last."""
    known = settings or Settings()
    away = {each.slug: each.since for each in unseen(workspace, known)}
    model = ModelStore(workspace).current()
    people, unread = People(workspace).everybody()
    rows = tuple(
        PersonRow(
            name=person.name,
            slug=person.slug,
            created=person.created,
            pictures=person.pictures,
            sessions=len(person.sessions),
            in_model=in_model(person, model),
            newest=max((session.started for session in person.sessions), default=""),
            consent=state_of(person.consent, known.consent),
            unseen=away.get(person.slug, ""),
            id=person.id,
            untrained=_untrained(person, model),
        )
        for person in people
    )
    blank = PersonRow(name="", slug="", created="", pictures=0, sessions=0, in_model="no")
    told = (replace(blank, name=u.shown, slug=u.slug, trouble=u.sentence) for u in unread)
    return (*rows, *told)


def in_model(person: Person, model: ModelInfo | None) -> InModel:
    """Whether a model knows this person, and these very pictures."""
    for id, _, revision in model.people if model else ():
        if id == person.id:
            return "yes" if revision == person.revision else "stale"
    return "no"


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


def last_change(workspace: Path) -> tuple[int, int] | None:
    """A mark that is another one once any process has changed something; None before the first
    change. Every change of people, split and models is in the audit log."""
    try:
        found = Audit(Workspace(workspace)).file.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def check_name(name: str) -> str:
    """The name as it will be stored. Raises NameInvalid."""
    return clean_name(name)


def checked_shares(request: SplitRequest) -> SplitSettings:
    """The shares and the seed of a split. Raises UsageError for impossible shares."""
    try:
        return SplitSettings(
            train=request.train, validation=request.validation, test=request.test, seed=request.seed
        )
    except ValueError as error:
        raise UsageError(
            "The shares are impossible",
            f"train {request.train:g}, validation {request.validation:g}, test {request.test:g}",
            f"They must sum to 1, with train at least {LEAST_TRAIN:g} and none negative.",
        ) from error


def split(workspace: Workspace, request: SplitRequest) -> SplitDone:
    """Make and save a split. Raises UsageError for impossible shares, NoPictures."""
    return splitting.split(workspace, checked_shares(request), random=request.random)


def model_rows(workspace: Workspace) -> tuple[ModelRow, ...]:
    """Stored models, newest first."""
    rows = []
    for info in ModelStore(workspace).list(compare=True):
        row = model_row(info)
        if found := load_evaluation(workspace, info.id):
            done = found[0]
            tpir, fpir = done.tpir_at_threshold, done.fpir_at_threshold
            row = replace(row, rank1=done.rank1, tpir=tpir, fpir=fpir)
        rows.append(row)
    return tuple(rows)


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
    except (KeyError, TypeError, ValueError):
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
    found = load_evaluation(workspace, model)
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


EVALUATION_FORMAT = 2
BOUNDS_SINCE = 2
"""Before this version the intervals were two-sided: those are not told any more."""
KEPT_EVALUATIONS = 10
"""Evaluations that are kept."""
LARGEST_EVALUATION = 4 << 20
"""Bytes of the largest file written or read: about 700 people."""
_IDS = "ids"


def save_evaluation(workspace: Workspace, done: EvaluateDone) -> bool:
    """Keep an evaluation in place of the last one of its model; whether it was small enough.

    The caller holds `Workspace.writer`. Raises DiskFull, WorkspaceUnusable.
    """
    body: dict[str, object] = {"version": EVALUATION_FORMAT, "type": type(done).__name__}
    body |= {f.name: getattr(done, f.name) for f in fields(done)}
    body["warnings"] = [{"type": "Warned", **asdict(each)} for each in done.warnings]
    # Names change, and folders come to be another's.
    ids = {person.name: person.id for person in People(workspace).list()}
    body[_IDS] = [ids.get(name, "") for name in done.people]
    data = json.dumps(plain(body), separators=(",", ":"), allow_nan=False).encode()
    if len(data) > LARGEST_EVALUATION:
        return False
    path = _evaluation_file(workspace, done.model)
    write_bytes(path, data)
    with translate_os_errors("remove old evaluations", workspace.evaluations):
        # Whatever the clock says: the one just written is the newest.
        others = (file for file in workspace.evaluations.glob("*.json") if file != path)
        files = sorted(others, key=lambda file: file.stat().st_mtime_ns)
        for old in files[: max(0, len(files) + 1 - KEPT_EVALUATIONS)]:
            old.unlink(missing_ok=True)
    return True


def load_evaluation(
    workspace: Workspace, model: str
) -> tuple[EvaluateDone, tuple[str, ...]] | None:
    """The last evaluation of a model and its people's identities in order; None if there is none.

    A damaged file counts as none: it can be measured again.
    """
    path = _evaluation_file(workspace, model)
    hints = get_type_hints(EvaluateDone)
    try:
        if path.stat().st_size > LARGEST_EVALUATION:
            return None
        body = parse_json(read_bytes(path), nan=True)  # versions 0 and 1 wrote NaN
        version = body.pop("version", 0)  # 0 had none, and was the same otherwise
        if version > EVALUATION_FORMAT:
            return None
        if version < BOUNDS_SINCE:
            body["intervals"] = {}
        folders = body.pop("slugs", None)  # of before there were identities
        ids = tuple(map(str, body.pop(_IDS) if folders is None else map(before, folders)))
        body["warnings"] = [
            {"type": "Warned", "kind": "said", "figures": [each]} if isinstance(each, str) else each
            for each in body.get("warnings", ())
        ]  # they were sentences
        done = decode(json.dumps(body).encode(), b"")
        if not isinstance(done, EvaluateDone) or done.model != model:
            return None
        read = {f.name: _as_told(getattr(done, f.name), hints[f.name]) for f in fields(done)}
    except (OSError, DataError, ValueError, KeyError, TypeError, AttributeError, WireError):
        return None
    return (EvaluateDone(**read), ids) if len(ids) == len(done.people) else None


def _as_told(value: Any, hint: Any) -> Any:
    """A value read from a file, of the type that the field's annotation says: null for a float is
    NaN, for which JSON has no word. Raises ValueError for any other."""
    inner = get_args(hint)
    match get_origin(hint):
        case None:
            if hint is float and value is None:
                return math.nan
            if type(value) is hint or (hint is float and type(value) is int):
                return value
        case origin if origin is tuple:
            if isinstance(value, tuple):
                kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
                return tuple(_as_told(*pair) for pair in zip(value, kinds, strict=True))
        case _:
            if isinstance(value, Mapping):
                return {key: _as_told(each, inner[1]) for key, each in value.items()}
    raise ValueError(f"no {hint}")


def _evaluation_file(workspace: Workspace, model: str) -> Path:
    return workspace.evaluations / f"{Path(model).name}.json"
