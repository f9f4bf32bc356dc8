"""What the operator decides about kept strangers. Every choice is one change in the trash.

Assigned crops become new sessions of a person, those of a stranger a group of the operator's own
strangers, one session a sighting, written as any other. Their features, made while recognising,
move along: neither training nor the threshold computes them again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from engine.contract.errors import DataError, NothingToUndo, PersonNotFound
from engine.contract.people import Trashed
from engine.people import permission
from engine.people.clock import read_clock
from engine.people.person import Person, clean_name
from engine.people.picture_records import SessionWriter
from engine.people.registry import People, StrangerArea
from engine.people.traces import Change
from engine.people.trash import Trash
from engine.people.unknown import FEATURES_FILE, Choice, ChoiceMemory, Sides, Sighting, UnknownStore
from engine.settings import ConsentSettings, UnknownSettings
from engine.workspace.audit import Audit
from engine.workspace.files import make_directory, read_bytes, remove_directory, write_bytes
from engine.workspace.folder import Workspace
from engine.workspace.identity import PERSON_FILE, free_id, iso, moment_of, sub_folders

SOURCE = "inbox"
"""Source of the sessions that are made of sightings."""


class Choices:
    """The choices of one workspace's unknown list. The caller holds `Workspace.writer`."""

    def __init__(
        self,
        workspace: Workspace,
        settings: UnknownSettings,
        consent: ConsentSettings = ConsentSettings(),  # noqa: B008 - frozen
    ) -> None:
        self._consent = consent
        self.note = ""
        """What is amiss with the consent of whom `assign` named last; empty if nothing is."""
        self._workspace = workspace
        self._unknown = UnknownStore(workspace, settings)
        self._trash = Trash(workspace)
        self._audit = Audit(workspace)
        self._days = settings.days
        self._memory = ChoiceMemory(workspace)

    # --- choosing ------------------------------------------------------------------------

    def assign(self, ids: Sequence[str], name: str, *, new: bool, by: str = "") -> Trashed:
        """These sightings show `name`; with `new` a person who is enrolled by this. `by` is who
        asked the person and notes that they agreed. Raises PersonNotFound, or NameTaken and
        NameInvalid for a new one; ConsentMissing; DataError if a sighting is gone."""
        sightings = self._unknown.get(ids)
        people = People(self._workspace)
        found = _without_pictures(people, name) if new else people.get(name)
        granted = permission.permit(self._workspace, [name], self._consent, by)
        self.note = granted.sentence
        if found is None:
            person = people.add(name, granted.consent(name))
        else:
            person = permission.note(people, found, granted)
        title = f"Unknown is {person.name}"
        return self._become(
            sightings, self._workspace, person, SOURCE, title, new=new and found is None
        )

    def stranger(self, ids: Sequence[str], not_person: str = "") -> Trashed:
        """These sightings show a stranger, told from `not_person` if one is named. Raises DataError
        if a sighting is gone."""
        sightings = self._unknown.get(ids)
        area = StrangerArea(self._workspace)
        what = f"Not {not_person}" if not_person else "Ignored"
        told_from = ""
        if not_person:
            with contextlib.suppress(PersonNotFound):  # renamed or deleted since it was shown
                told_from = People(self._workspace).get(not_person).id
        name = clean_name(f"{what[:60]} {sightings[0].at[:16].replace('T', ' ')}")
        people = People(area)
        person = people.add(people.free_name(name), apart_from=told_from)
        source = f"{SOURCE}, not {not_person}" if not_person else SOURCE
        return self._become(sightings, area, person, source, f"Unknown: {what}", new=True)

    def delete(self, ids: Sequence[str]) -> Trashed:
        """Remove these sightings. Raises DataError if one is gone."""
        sightings = self._unknown.get(ids)
        title = f"Deleted {len(sightings)} unknown"
        told = {"choice": "deleted", "sightings": len(sightings)}
        with self._change(self._audit, "", told, title, sightings) as change:
            self._take_out(change, sightings)
        return self._remember(change)

    def split(self, ids: Sequence[str], group: Sequence[str]) -> Trashed:
        """These sightings of a group show nobody whom its others show: they are never brought
        together again. Among themselves likeness decides as before. Raises DataError if a sighting
        is gone or not of the group, or if nobody or everybody is meant."""
        strays = [id for id in ids if id not in group]
        marked = self._unknown.get([id for id in group if id in ids])
        others = self._unknown.get([id for id in group if id not in ids])
        if strays or not marked or not others:
            part = f"{len(marked)} of {len(group)} sightings"
            raise DataError(
                "This is no part of the group",
                strays[0][:80] if strays else part,
                "Name some of the group's sightings, and not all.",
            )
        sides = tuple(each.id for each in marked), tuple(each.id for each in others)
        taken = {each.id for each in self._memory.all()}  # and never of a change in the trash
        choice = Choice(free_id(datetime.now(UTC), taken.__contains__, "-split"), apart=sides)
        with self._audit.of("inbox-choice", choice="split", sightings=len(marked)):
            self._memory.add(choice)
        return _as_done(choice.id, sides)

    # --- undoing -------------------------------------------------------------------------

    def last(self) -> Trashed | None:
        """The newest choice that can still be undone."""
        undoable = self._undoable()
        return undoable[-1][1] if undoable else None

    def undo(self) -> Trashed:
        """Undo the newest choice: the sightings wait again, or may be brought together again.
        Raises NothingToUndo, UndoConflict."""
        undoable = self._undoable()
        if not undoable:
            raise NothingToUndo("There is nothing to undo", "no choice was made here lately")
        last, undone = undoable[-1]
        with self._audit.of("inbox-choice", choice="undone", change=last.id):
            if last.apart is None:
                undone = self._trash.undo(last.id)
            area = StrangerArea(self._workspace) if last.stranger else self._workspace
            with contextlib.suppress(PersonNotFound, DataError):
                if last.new:
                    people = People(area)
                    made = people.by_slug(last.slug)
                    if made.id == undone.people.get(f"{area.people.name}/{last.slug}"):
                        people.discard_if_empty(made)
            self._memory.drop([last.id])
        return undone

    def overdue(self, now: datetime | None = None) -> bool:
        """Whether `purge` would remove something; needs no lock."""
        return bool(self._due(now)) or bool(self._unknown.expired(now))

    def expired(self, now: datetime | None = None) -> list[str]:
        """Ids in the trash of choices older than the retention time."""
        return [each.id for each in self._due(now) if each.apart is None]

    def purge(self, now: datetime | None = None, *, everything: bool = False) -> tuple[int, int]:
        """Remove for good what waits or was chosen before the retention time; how many sightings
        waited, and how many choices. A choice that is purged cannot be undone any more. A split is
        no older than its sightings, so that nothing comes together again by being purged."""
        expired = [each.id for each in (self._memory.all() if everything else self._due(now))]
        waiting = self._unknown.count() if everything else self._unknown.expired(now)
        if not expired and not waiting:
            return 0, 0
        with self._audit.of("purged", what="inbox", choices=len(expired)) as doing:
            for id in expired:
                # The trash may keep what others removed for longer than the unknown list may.
                remove_directory(self._workspace.trash / id)
            if expired:
                self._memory.drop(expired)
            waited = self._unknown.purge(now, everything=everything)
            doing.more["sightings"] = waited
        return waited, len(expired)

    # --- private -------------------------------------------------------------------------

    def _become(
        self,
        sightings: Sequence[Sighting],
        area: Workspace,
        person: Person,
        source: str,
        title: str,
        *,
        new: bool,
    ) -> Trashed:
        """Make sessions of a person out of sightings, in one change."""
        kind = "stranger" if isinstance(area, StrangerArea) else "person"
        told = {"choice": kind, "sightings": len(sightings), "new": new}
        try:
            with self._change(Audit(area), person.id, told, title, sightings) as change:
                staged = _Staged(self._workspace, change, person, area)
                for sighting in sightings:
                    staged.session(self._unknown, sighting, source)
                self._take_out(change, sightings)
        except BaseException:
            if new:
                People(area).discard_if_empty(person)
            raise
        stranger = isinstance(area, StrangerArea)
        about = person.apart_from if stranger else person.id
        return self._remember(change, Choice("", person.slug, new, stranger, person=about))

    def _change(
        self,
        audit: Audit,
        subject: str,
        told: Mapping[str, Any],
        title: str,
        sightings: Sequence[Sighting],
    ) -> AbstractContextManager[Change]:
        about, back = [(subject, told)], "back to the unknown"
        crops = sum(len(each.records) for each in sightings)
        return self._trash.noted_change(audit, "inbox-choice", about, title, back, pictures=crops)

    def _take_out(self, change: Change, sightings: Sequence[Sighting]) -> None:
        for sighting in sightings:
            change.remove(self._unknown.folder(sighting.id))

    def _remember(self, change: Change, choice: Choice = Choice("")) -> Trashed:  # noqa: B008
        self._memory.add(replace(choice, id=change.done.id))
        return change.done

    def _undoable(self) -> list[tuple[Choice, Trashed]]:
        """What can still be undone, newest last: what is in the trash, and splits of which
        somebody waits on both sides."""
        kept = {each.id: each for each in self._trash.changes()}
        waiting = {entry.name for entry in sub_folders(self._workspace.unknown)}
        found = []
        for choice in self._memory.all():
            if choice.apart is None:
                done = kept.get(choice.id)
            else:
                both = all(waiting.intersection(side) for side in choice.apart)
                done = _as_done(choice.id, choice.apart) if both else None
            if done is not None:
                found.append((choice, done))
        return found

    def _due(self, now: datetime | None) -> list[Choice]:
        clock = read_clock(self._workspace, now)
        return [each for each in self._memory.all() if clock.is_due(each.id, self._days)]


class _Staged(Workspace):
    """A staged folder seen as a workspace, in which a person's new sessions are written first."""

    def __init__(
        self, workspace: Workspace, change: Change, person: Person, area: Workspace
    ) -> None:
        super().__init__(workspace.root)
        self._change, self._person, self._area = change, person, area
        self.people = change.stage()
        folder = self.people / person.slug
        write_bytes(folder / PERSON_FILE, read_bytes(area.people / person.slug / PERSON_FILE))
        for session in person.sessions:
            make_directory(folder / session.id)  # so that a new session gets an id of its own

    def session(self, unknown: UnknownStore, sighting: Sighting, source: str) -> None:
        """Write one sighting as a session, and move it and its features into place."""
        writer = SessionWriter(People(self), self._person, source, len(sighting.records))
        origin = unknown.folder(sighting.id)
        for record in sighting.records:
            told = replace(record, label=f"{sighting.id}/{record.file}")
            writer.add(read_bytes(origin / record.file), told)
        writer.close("complete", {})
        place = self._person.slug, writer.session
        self._change.move(writer.folder, self._area.people.joinpath(*place))
        if (origin / FEATURES_FILE).is_file():
            features = self._change.stage() / FEATURES_FILE
            write_bytes(features, read_bytes(origin / FEATURES_FILE))
            cached = self._area.features / sighting.extractor / place[0] / f"{place[1]}.npz"
            self._change.move(features, cached, optional=True)


def _without_pictures(people: People, name: str) -> Person | None:
    """The person of this name if they have no picture yet, as a choice cut short leaves them."""
    try:
        found = people.get(clean_name(name))
    except PersonNotFound:
        return None
    return None if found.pictures else found


def _as_done(id: str, sides: Sides) -> Trashed:
    """A split in the words of the trash, though it moved nothing there."""
    marked, others = map(len, sides)
    title = f"Split off {marked} of {marked + others} unknown"
    made = moment_of(id)
    return Trashed(id, title, "one group again", iso(made) if made else "")
