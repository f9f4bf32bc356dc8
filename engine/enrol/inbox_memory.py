"""What the inbox remembers of its choices: the one owner of this file's format.

    unknown/choices.json    {"version": 1, "choices": [choice, ...]}, the newest last; format 0: the
                            list alone

A choice that moved pictures bears the id of its change in the trash; `slug` says into whose folder
they went, `person` whom it is about: who they became, or for a stranger from whom they were told.
A split moved nothing: it is the two sides that are not one person, kept as "apart". Whoever writes
holds `Workspace.writer`; readers need no lock. A damaged file or entry counts as none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.enrol.folders import is_session_id, sub_folders
from engine.errors import DataError
from engine.files import read_json, write_json
from engine.workspace import Workspace

FORMAT = 1
Sides = tuple[tuple[str, ...], tuple[str, ...]]
"""Ids of sightings: nobody of the first side is the same person as anybody of the second."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice. `new`: the person, or with `stranger` the stranger, was made by it."""

    id: str
    slug: str = ""
    new: bool = False
    stranger: bool = False
    apart: Sides | None = None
    """Of a split its sides; else None."""
    person: str = ""
    """Identity of whom it is about, empty for nobody enrolled or where it is not known."""


class ChoiceMemory:
    """The choices of one workspace's inbox that are remembered."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._file = workspace.unknown / "choices.json"

    def all(self) -> tuple[Choice, ...]:
        """Every choice, the newest last."""
        try:
            body = read_json(self._file)
        except (FileNotFoundError, DataError):
            return ()
        return tuple(_choices(body))

    def add(self, choice: Choice) -> None:
        """Remember one more. Raises DiskFull, WorkspaceUnusable."""
        self._keep([*self.all(), choice])

    def drop(self, ids: Collection[str]) -> None:
        """Remember these no longer. Raises DiskFull, WorkspaceUnusable."""
        self._keep(each for each in self.all() if each.id not in ids)

    def splits(self) -> tuple[Sides, ...]:
        """The sides of every split."""
        return tuple(each.apart for each in self.all() if each.apart is not None)

    def forget(self, ids: Collection[str]) -> int:
        """Remember nothing of the person of these identities, nor what the trash has no more; how
        many choices went. Splits stay: they name nobody.

        May be done twice. Raises DiskFull, WorkspaceUnusable.
        """
        before = self.all()
        trash = {entry.name for entry in sub_folders(self._workspace.trash)}
        kept = [
            each
            for each in before
            if each.apart is not None or (each.id in trash and each.person not in ids)
        ]
        if len(kept) < len(before):
            self._keep(kept)
        return len(before) - len(kept)

    def _keep(self, choices: Iterable[Choice]) -> None:
        write_json(self._file, {"version": FORMAT, "choices": [_entry(each) for each in choices]})


def _choices(body: Any) -> Iterator[Choice]:
    entries = body.get("choices") if isinstance(body, dict) else body
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and is_session_id(id := str(entry.get("id", ""))):
            apart = _sides(entry["apart"]) if "apart" in entry else None
            if apart is None and "apart" in entry:
                continue  # a split without its sides says nothing
            yield Choice(
                id=id,
                slug=str(entry.get("slug", "")),
                new=bool(entry.get("new")),
                stranger=bool(entry.get("stranger")),
                apart=apart,
                person=str(entry.get("person", "")),
            )


def _sides(value: Any) -> Sides | None:
    """The two sides of a split; None if it is none."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    if not all(isinstance(side, list) and side for side in value):
        return None
    first, second = (tuple(map(str, side)) for side in value)
    return (first, second) if all(map(is_session_id, (*first, *second))) else None


def _entry(choice: Choice) -> dict[str, Any]:
    if choice.apart is not None:
        return {"id": choice.id, "apart": [list(side) for side in choice.apart]}
    entry = {
        "id": choice.id,
        "slug": choice.slug,
        "new": choice.new,
        "stranger": choice.stranger,
        "person": choice.person,
    }
    return {key: value for key, value in entry.items() if value or key == "slug"}
