"""What the user interface may ask of the engine: the whole contract between `tui` and it.

`engine.desk.local.LocalDesk` is the real desk, with its child processes; tests of the interface put
in their own, `tests/tui/fake_desk.py`, and `tests/desk/test_both_desks.py` checks one against the
other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from engine.contract import EvaluateDone, Event, FaceAnswer, Finding, SplitDone, TwinChoice
from engine.contract.people import Added, Answers, Erased, Exported, RosterRow, Trashed
from engine.contract.requests import (
    CheckRequest,
    EnrolRequest,
    EvaluateRequest,
    ImportRequest,
    Job,
    ModelRow,
    PersonFacts,
    PersonRow,
    PictureRow,
    PreviewWish,
    RecogniseRequest,
    SplitRequest,
    TrainRequest,
    UnknownView,
)
from engine.settings import Settings

Listener = Callable[[Event], None]


class Desk(Protocol):
    """The engine, seen from the user interface. Quick calls return; jobs report by events.

    Quick calls touch only small files; call them from a worker thread all the same, a network
    disk may be slow. They raise FacedeskError subclasses, and WorkspaceLocked where they change
    something while another program writes. Events reach the listener on engine threads, in order
    per process. A job ends with exactly one `JobEnded`.
    """

    @property
    def workspace(self) -> Path:
        """The workspace's folder."""

    @property
    def settings(self) -> Settings:
        """The configuration in force."""

    @property
    def running(self) -> frozenset[Job]:
        """Jobs under way."""

    def start(self, listener: Listener) -> None:
        """Begin: events go to `listener`. Starts the child processes, without waiting for them.

        If a writer was killed, what it left is put in order, and a `Recovered` says so.
        """

    def other_desk(self) -> str:
        """Mark the workspace as open here; who has marked it already ("process 4711, since ..."),
        or "" if nobody has."""

    def close(self) -> None:
        """Cancel all jobs and end the children; returns within a few seconds whatever they do."""

    # --- people --------------------------------------------------------------------------

    def people(self) -> tuple[PersonRow, ...]:
        """Everybody enrolled, by name; who cannot be read comes last."""

    def pictures(self, person: str) -> tuple[PictureRow, ...]:
        """A person's pictures, session by session in order of capture. Raises PersonNotFound."""

    def person_facts(self, name: str) -> PersonFacts:
        """Sessions, pictures, quality, consent and confusions of a person. Raises
        PersonNotFound."""

    def rename(self, old: str, new: str) -> None:
        """Rename a person; pictures and model stay valid. Raises PersonNotFound, NameTaken,
        NameInvalid."""

    def delete_people(self, names: Sequence[str]) -> Trashed:
        """Delete people with pictures, features and split entries; a model with them is stale.

        This and the next three are each one change that `undo` takes back. Raises PersonNotFound.
        """

    def delete_pictures(self, name: str, chosen: Sequence[str]) -> Trashed:
        """Delete pictures of a person, named by "<session>" or "<session>/<file>"."""

    def merge(self, source: str, target: str) -> Trashed:
        """Give all sessions of one person to another, who is then both."""

    def move_pictures(self, name: str, chosen: Sequence[str], to: str) -> Trashed:
        """Give pictures of a person, named as for `delete_pictures`, to another."""

    def trash(self) -> tuple[Trashed, ...]:
        """What can be undone, newest first."""

    def undo(self, id: str = "") -> Trashed:
        """Undo a change, by default the newest; what came back. Raises NothingToUndo,
        UndoConflict, NameTaken."""

    def roster(self) -> tuple[RosterRow, ...]:
        """Names to be enrolled, in their order, each with whether it is done."""

    def add_to_roster(self, source: str) -> Added:
        """Add the names of a CSV file or folder. Raises UsageError."""

    # --- what a person may ask for -------------------------------------------------------

    def note_consent(self, name: str, by: str, text_version: str) -> None:
        """Note that a person agreed to this version of the text, now. Raises PersonNotFound,
        DataError if `by` names nobody."""

    def withdraw_consent(self, name: str) -> None:
        """Note that a person took their consent back, now. Raises PersonNotFound, DataError if
        there is none."""

    def export_person(self, name: str, file: str) -> Exported:
        """Write all that is held on a person to a new zip. Raises PersonNotFound, UsageError."""

    def erase(self, name: str, by: str = "", answers: Answers = Answers()) -> Erased:  # noqa: B008
        """Erase a person, enrolled or in the trash, for good. Raises PersonNotFound, DataError if
        a job is running that may hold their pictures, ErasureUnanswered for what `answers` leave
        open: others who hold the same pictures, kept strangers who may be them."""

    def purge(self) -> dict[str, int]:
        """Remove for good what is due to go, and finish erasures that were cut short; how much of
        each kind of `engine.rights.upkeep`."""

    # --- split and models ----------------------------------------------------------------

    def current_split(self) -> SplitDone | None:
        """The split on disk, or None if there is none."""

    def split(self, request: SplitRequest) -> SplitDone:
        """Make and save a new split. Raises UsageError for impossible shares, NoPictures."""

    def models(self) -> tuple[ModelRow, ...]:
        """Stored models, newest first."""

    def promote(self, model: str) -> None:
        """Make a stored model the current one. Raises NoModel, ModelCorrupt."""

    def rollback(self) -> str:
        """Go back to the model before the current one; returns its id. Raises NoModel."""

    def last_evaluation(self, model: str) -> EvaluateDone | None:
        """The last evaluation of a model, kept in the workspace, or None."""

    # --- unknown people ------------------------------------------------------------------

    def picture(self, path: str) -> bytes:
        """A crop's PNG by its path below the workspace. Raises DataError."""

    def unknown(self) -> UnknownView:
        """Unknown people who wait, grouped by likeness, newest group first. Removes what is older
        than the retention time, unless another program writes."""

    def unknown_switch(self, on: bool) -> None:
        """Keep unknown people from now on, or no longer; those kept already stay."""

    def unknown_assign(
        self, sightings: Sequence[str], name: str, *, new: bool, consent: str = ""
    ) -> str:
        """Note that sightings show this person, with `new` one who is enrolled by it.

        `consent` is who asked them and notes that they agreed. Returns what was done and what is
        wrong with their consent, as a sentence. Raises PersonNotFound, NameTaken, NameInvalid,
        ConsentMissing, DataError.
        """

    def unknown_stranger(self, sightings: Sequence[str], not_person: str = "") -> str:
        """Sightings join the operator's own strangers, as not `not_person` if one is named."""

    def unknown_delete(self, sightings: Sequence[str]) -> str:
        """Remove sightings; `unknown_undo` brings them back."""

    def unknown_split(self, sightings: Sequence[str], group: Sequence[str]) -> str:
        """These sightings of a group show nobody whom its others show: they are never brought
        together again. Raises DataError unless they are some of the group, and not all.
        """

    def unknown_undo(self) -> str:
        """Undo the last choice; what was undone. Raises NothingToUndo, UndoConflict."""

    def unknown_purge(self) -> int:
        """Remove for good what is older than the retention time; how many sightings."""

    # --- the machine ---------------------------------------------------------------------

    def doctor(self) -> tuple[Finding, ...]:
        """Everything the doctor can find out without opening a camera; seconds at most."""

    # --- jobs ----------------------------------------------------------------------------

    def enrol(self, request: EnrolRequest) -> None:
        """Start capturing. Raises SourceBusy if a camera job is running, NameInvalid,
        ConsentMissing, WorkspaceLocked, and SourceError for a source that cannot be there."""

    def answer_twin(self, choice: TwinChoice) -> None:
        """Answer a `TwinSuspected`: the capture, held until then, goes on, as the other person's
        or as it was, or ends."""

    def answer_face(self, choice: FaceAnswer) -> None:
        """Answer a `SecondFace` that asks which face the capture, held until then, is of."""

    def import_pictures(self, request: ImportRequest) -> None:
        """Start importing. Raises SourceBusy if a camera job is running, WorkspaceLocked."""

    def train(self, request: TrainRequest) -> None:
        """Start training. Raises DataError if a training is running already, NoPictures,
        WorkspaceLocked."""

    def evaluate(self, request: EvaluateRequest) -> None:
        """Start an evaluation; it ends with an EvaluateDone. Raises DataError if one is running,
        NoModel, WorkspaceLocked."""

    def recognise(self, request: RecogniseRequest) -> None:
        """Start live recognition. Raises SourceBusy if a camera job is running, NoModel, and
        SourceError for a source that cannot be there."""

    def why(self, track: int | None) -> None:
        """Ask why a track (None: the face seen last) was decided as it was.

        The answer is a `Why`, or `NothingToExplain`, for the listener; at once, but for the first
        one of a recognition, which reads the enrolled crops' features.
        """

    def check(self, request: CheckRequest) -> None:
        """Start measuring a camera; it ends with a CameraMeasured. Raises SourceBusy if a camera
        job is running."""

    def preview(self, wish: PreviewWish) -> None:
        """Say what of the camera's picture can be shown, from now on and for jobs to come."""

    def stop(self, job: Job) -> None:
        """Ask a job for an orderly end that keeps its result so far (outcome: stopped)."""

    def cancel(self, job: Job) -> None:
        """Ask a job to give up (outcome: cancelled); what was there before it stays."""
