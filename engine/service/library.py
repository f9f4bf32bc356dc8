"""The quick calls: people, split and models as the user interface lists and changes them.

Pure file work: neither OpenCV nor TensorFlow is imported. Whoever changes something holds the
workspace's writer lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.audit import Audit
from engine.enrol.consent import state_of
from engine.enrol.names import clean_name
from engine.enrol.people import People, Person, UnreadPerson
from engine.enrol.permission import permit
from engine.errors import NoModel, UsageError
from engine.events import EpochDone, EvaluateDone, SplitDone
from engine.model.store import ModelInfo, ModelStore
from engine.model.trained_on import contains
from engine.service import evaluations
from engine.service.jobs import splitting
from engine.service.protocol import EnrolRequest, InModel, ModelRow, PersonRow, SplitRequest
from engine.service.purging import unseen
from engine.settings import Settings, SplitSettings
from engine.workspace import Workspace


def person_rows(workspace: Workspace, settings: Settings | None = None) -> tuple[PersonRow, ...]:
    """Everybody enrolled, by name, each with whether the current model knows their pictures, and
    how consent and last sight stand by these `settings` (None: the defaults). Who cannot be read
    comes last."""
    known = settings or Settings()
    away = {each.slug: each.since for each in unseen(workspace, known)}
    model = current_model(workspace)
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


def stale_ids(workspace: Workspace, model: ModelInfo) -> frozenset[str]:
    """Identities of a model's people whose pictures changed since training, or who are gone."""
    now = {person.id: person.revision for person in People(workspace).list()}
    return frozenset(id for id, _, revision in model.people if now.get(id) != revision)


def current_model(workspace: Workspace) -> ModelInfo | None:
    """The current model's description, or None if there is none."""
    return next((info for info in ModelStore(workspace).list() if info.current), None)


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
