"""The quick calls about people: facts, consent, and the changes that the trash can undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine.contract import EvaluateDone
from engine.contract.errors import DataError
from engine.contract.people import (
    Added,
    Answers,
    Consent,
    Erased,
    Exported,
    RosterRow,
    Trashed,
    noted,
)
from engine.contract.requests import Job, PersonFacts
from engine.desk import evaluations
from engine.desk.calls import QuickCalls
from engine.desk.library import person_facts
from engine.people import changes, roster
from engine.people.registry import People, utc_now
from engine.people.trash import Trash
from engine.rights.erase import erase, unfinished
from engine.rights.export import export_person
from engine.rights.likeness import Scores
from engine.rights.purge import due, purge
from engine.settings import ConsentSettings, Settings
from engine.workspace.audit import Audit
from engine.workspace.folder import Workspace


class PeopleCalls(QuickCalls):
    """What the real `Desk` does about people beyond listing and renaming them."""

    @property
    def running(self) -> frozenset[Job]:
        """Jobs under way."""
        raise NotImplementedError

    def person_facts(self, name: str) -> PersonFacts:
        """Sessions, pictures, quality, consent and confusions of a person."""
        return person_facts(self._workspace, name)

    def delete_people(self, names: Sequence[str]) -> Trashed:
        """Delete people with pictures, features and split entries."""
        with self._writer.hold("delete"):
            return changes.delete_people(self._workspace, names, self._keep_days)

    def _likeness(self, ids: tuple[str, ...]) -> Scores:
        """Compare kept strangers with a person, see `likeness.measure`."""
        raise NotImplementedError

    def erase(self, name: str, by: str = "", answers: Answers = Answers()) -> Erased:  # noqa: B008
        """Erase a person for good, with every trace in the workspace.

        Raises ErasureUnanswered for what `answers` leave open, DataError while a job holds pictures
        in memory that it may write down later.
        """
        if busy := sorted(self.running & {"enrol", "import", "train", "evaluate"}):
            raise DataError(
                "A job is under way",
                "{jobs} may still write of this person".format(jobs=", ".join(busy)),
                "Stop it (x), then erase.",
            )
        with self._writer.hold("erase"):
            return erase(self._workspace, name, by, answers=answers, compare=self._likeness)

    def export_person(self, name: str, file: str) -> Exported:
        """Write all that is held on a person to a new zip."""
        return export_person(self._workspace, name, Path(file))

    def delete_pictures(self, name: str, chosen: Sequence[str]) -> Trashed:
        """Delete sessions or pictures of a person."""
        with self._writer.hold("delete"):
            return changes.delete_pictures(self._workspace, name, chosen, self._keep_days)

    def merge(self, source: str, target: str) -> Trashed:
        """Give all sessions of one person to another, who is then both."""
        with self._writer.hold("merge"):
            return changes.merge(self._workspace, source, target, self._keep_days)

    def move_pictures(self, name: str, chosen: Sequence[str], to: str) -> Trashed:
        """Give sessions or pictures of a person to another."""
        with self._writer.hold("move"):
            return changes.move_pictures(self._workspace, name, chosen, to, self._keep_days)

    def note_consent(self, name: str, by: str, text_version: str) -> None:
        """Note that a person agreed, now."""
        with self._writer.hold("consent"):
            note_consent(self._workspace, self._settings.consent, name, by, text_version)

    def withdraw_consent(self, name: str) -> None:
        """Note that a person took their consent back, now."""
        with self._writer.hold("consent"):
            withdraw_consent(self._workspace, name)

    def trash(self) -> tuple[Trashed, ...]:
        """What can be undone, newest first."""
        return Trash(self._workspace, self._keep_days).changes()

    def undo(self, id: str = "") -> Trashed:
        """Undo a change, by default the newest; what came back."""
        with self._writer.hold("undo"):
            return changes.undo(self._workspace, id)

    def purge(self) -> dict[str, int]:
        """Remove for good what is due; how much of each kind. Finishes what a crash cut short.

        Raises WorkspaceLocked.
        """
        if not (unfinished(self._workspace) or due(self._workspace, self._settings)):
            return {}
        with self._writer.hold("purge"):
            return dict(purge(self._workspace, self._settings))

    def roster(self) -> tuple[RosterRow, ...]:
        """Names to be enrolled, in their order."""
        return roster.rows(self._workspace)

    def add_to_roster(self, source: str) -> Added:
        """Add the names of a CSV file or folder. Raises UsageError."""
        with self._writer.hold("roster"):
            return roster.add(self._workspace, Path(source))

    def last_evaluation(self, model: str) -> EvaluateDone | None:
        """The last evaluation of a model, or None."""
        found = evaluations.load(self._workspace, model)
        return found[0] if found else None

    @property
    def _keep_days(self) -> int:
        return keep_days(self._settings)


def keep_days(settings: Settings) -> int:
    """Days that a change can be undone."""
    return settings.trash.keep_days


def note_consent(
    workspace: Workspace, settings: ConsentSettings, name: str, by: str, text_version: str
) -> Consent:
    """Note that a person agreed, now. Raises PersonNotFound, DataError if nobody noted it.

    The caller holds `Workspace.writer`.
    """
    if not by.strip():
        raise DataError("Consent needs a witness", "", "Say who asked and noted it.")
    consent = noted(by, settings, text_version.strip())
    people = People(workspace)
    person = people.get(name)
    with Audit(workspace).of("consent-noted", person.id, text_version=consent.text_version):
        people.set_consent(name, consent)
    return consent


def withdraw_consent(workspace: Workspace, name: str) -> Consent:
    """Note that consent was taken back, now. Raises PersonNotFound, DataError if there is none.

    The caller holds `Workspace.writer`.
    """
    registry = People(workspace)
    person = registry.get(name)
    if person.consent is None or not person.consent.given:
        raise DataError(
            "There is no consent to withdraw", person.name, "See `facedesk people show NAME`."
        )
    consent = replace(person.consent, withdrawn=utc_now())
    with Audit(workspace).of("consent-withdrawn", person.id, text_version=consent.text_version):
        registry.set_consent(person.name, consent)
        roster.forget_consent(workspace, person.name)
    return consent
