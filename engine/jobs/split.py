"""Make a split, or bring an old one up to date, and save it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.contract import Emit, Notice, SplitDone
from engine.contract.errors import NoPictures, SplitMissing
from engine.contract.remedies import Remedy
from engine.contract.warned import Warned
from engine.dataset.split import (
    Split,
    check_fits,
    load_split,
    make_split,
    save_split,
    split_warnings,
    summarise,
)
from engine.people.permission import permitted, withdrawn
from engine.people.person import Person
from engine.people.registry import People
from engine.settings import Settings, SplitSettings
from engine.workspace.audit import Audit
from engine.workspace.folder import Workspace
from engine.workspace.identity import PARTS


def split(workspace: Workspace, settings: SplitSettings, *, random: bool = False) -> SplitDone:
    """Split everybody's pictures and save split.json. Raises NoPictures in an empty workspace."""
    people = with_pictures(workspace)
    made = make_split(people, settings, random=random)
    _save(workspace, made)
    return summarise(made, people, warnings_of(workspace, made, people))


def current_split(workspace: Workspace) -> SplitDone | None:
    """The split on disk as counts, or None if there is none."""
    found, people = load_split(workspace), People(workspace).list()
    return summarise(found, people, warnings_of(workspace, found, people)) if found else None


def fitting_split(workspace: Workspace, settings: Settings, emit: Emit) -> Split:
    """The split to train on: the saved one if it still fits the pictures, else a new one.

    A new one keeps the old one's shares, seed and way of splitting, and says so.
    """
    people = with_pictures(workspace)
    found = load_split(workspace)
    wanted, random = settings.split, False
    if found is not None:
        try:
            check_fits(found, people)
        except SplitMissing as error:
            train, validation, test = found.shares
            wanted = SplitSettings(train=train, validation=validation, test=test, seed=found.seed)
            random = found.mode == "random"
            emit(Notice(text=f"{error.message}: split again with the same shares"))
        else:
            return found
    else:
        emit(Notice(text="No split yet: made one with the configured shares"))
    made = make_split(people, wanted, random=random)
    _save(workspace, made)
    return made


def _save(workspace: Workspace, made: Split) -> None:
    shares = dict(zip(PARTS, made.shares, strict=True))
    with Audit(workspace).of(
        "split-made", people=len(made.people), shares=shares, seed=made.seed, mode=made.mode
    ):
        save_split(workspace, made)


def warnings_of(workspace: Workspace, made: Split, people: Sequence[Person]) -> tuple[Warned, ...]:
    """Warnings about a split, also of those who are left out for their withdrawn consent."""
    left_out = [
        Warned("consent_withdrawn", each.name) for each in withdrawn(workspace) if each.pictures
    ]
    return (*split_warnings(made, people), *left_out)


def with_pictures(workspace: Workspace) -> tuple[Person, ...]:
    """Everybody with at least one picture who has not taken their consent back.

    Raises NoPictures if there is nobody, PersonUnreadable if there is somebody who cannot be read:
    a model without them would call them a stranger.
    """
    People(workspace).refuse_unread()
    people = tuple(person for person in permitted(workspace) if person.pictures)
    if not people:
        raise NoPictures(
            "Nobody is enrolled yet", f"{workspace.root} holds no pictures", Remedy.ENROL
        )
    return people
