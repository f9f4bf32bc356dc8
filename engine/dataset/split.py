"""Dividing every person's pictures into train, validation and test; split.json.

Frames that follow each other are near copies. Divided at random they would lie on both sides
and make any figure meaningless, so pictures that were taken together stay together
(`assign.py` has the rules). A split is made from the registry alone, reads no picture, and is
the same for the same people, shares and seed; one person's part in it does not depend on the
others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from engine.dataset.assign import FEW, TOO_FEW, Parts, assign, divided
from engine.enrol.folders import IMPORTED, PARTS, Part, is_session_id
from engine.enrol.names import is_slug
from engine.enrol.people import Person
from engine.errors import DataError, NoPictures, SplitMissing
from engine.events import SplitDone
from engine.files import read_json, write_json
from engine.settings import SplitSettings
from engine.workspace import Workspace

__all__ = [
    "PARTS",
    "Split",
    "check_fits",
    "load_split",
    "make_split",
    "save_split",
    "summarise",
]

Mode = Literal["sessions", "blocks", "mixed", "random", "own"]

FORMAT = 1
"""Version written into split.json."""

_AGAIN = "Run `facedesk split`."
_PICTURE = re.compile(r"([^/]+)/[0-9]{4,6}\.png")
_MOST_CHANGES_TOLD = 3


@dataclass(frozen=True, slots=True)
class Split:
    """Which picture is in which part.

    `shares` are those asked for: train, validation, test. `people` maps a slug to its parts,
    each a tuple of "<session>/<file>" in order of capture. `mode` says how pictures were kept
    together: whole sessions, blocks of time, some people each way, not at all (random), or as the
    operator's own folders do (own).
    """

    seed: int
    mode: Mode
    shares: tuple[float, float, float]
    people: Mapping[str, Mapping[Part, tuple[str, ...]]]
    warnings: tuple[str, ...]


def make_split(people: Sequence[Person], settings: SplitSettings, random: bool = False) -> Split:
    """Divide everybody's pictures; people without any are left out with a warning.

    `random` scatters single pictures, for comparison only. Raises NoPictures if there is no
    picture at all.
    """
    if not any(person.pictures for person in people):
        raise NoPictures(
            "There are no pictures to split",
            "nobody is enrolled yet" if not people else "nobody has a picture yet",
            "Enrol somebody first: `facedesk enroll NAME --source 0`.",
        )
    shares = (settings.train, settings.validation, settings.test)
    parts: dict[str, Parts] = {}
    warnings: list[str] = []
    if random:
        warnings.append(
            "Random split: neighbouring frames lie on both sides, so the figures are far "
            "too good; use it for comparison only."
        )
    for person in people:
        if person.pictures:
            parts[person.slug] = assign(person, shares, settings.seed, random)
        warnings += [f"{person.name}: {text}" for text in _warnings(person, parts, shares, random)]
    mode = "random" if random else _mode(people)
    return Split(settings.seed, mode, shares, parts, tuple(warnings))


def save_split(workspace: Workspace, split: Split) -> None:
    """Write split.json, atomically. The caller holds the writer lock."""
    people = {
        slug: {
            "counts": {part: len(parts[part]) for part in PARTS},
            **{part: list(parts[part]) for part in PARTS},
        }
        for slug, parts in split.people.items()
    }
    body = {
        "version": FORMAT,
        "seed": split.seed,
        "mode": split.mode,
        "shares": dict(zip(PARTS, split.shares, strict=True)),
        "warnings": list(split.warnings),
        "people": people,
    }
    write_json(workspace.split_file, body)


def load_split(workspace: Workspace) -> Split | None:
    """The split on disk, None if there is none. Raises DataError if it is damaged."""
    try:
        body = read_json(workspace.split_file)
    except FileNotFoundError:
        return None
    try:
        return _parse(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise DataError(
            "The split is damaged", f"{workspace.split_file}: {reason}", _AGAIN
        ) from error


def check_fits(split: Split, people: Sequence[Person]) -> None:
    """Raise SplitMissing if a person or picture has appeared or gone since the split was made."""
    changes = []
    there = {person.slug: person for person in people if person.pictures}
    for slug, parts in split.people.items():
        if slug not in there and any(parts.values()):
            name = next((person.name for person in people if person.slug == slug), slug)
            changes.append(f"the pictures of {name} are gone")
    for slug, person in there.items():
        if slug not in split.people:
            changes.append(f"{person.name} is new")
            continue
        now = {f"{s.id}/{picture}" for s in person.sessions for picture in s.pictures}
        then = {picture for part in PARTS for picture in split.people[slug][part]}
        if new := len(now - then):
            changes.append(
                (
                    "{count} new picture of {name}"
                    if new == 1
                    else "{count} new pictures of {name}"
                ).format(count=new, name=person.name)
            )
        if gone := len(then - now):
            changes.append(
                (
                    "{count} picture of {name} gone"
                    if gone == 1
                    else "{count} pictures of {name} gone"
                ).format(count=gone, name=person.name)
            )
    if changes:
        told = "; ".join(changes[:_MOST_CHANGES_TOLD])
        more = len(changes) - _MOST_CHANGES_TOLD
        raise SplitMissing(
            "The split no longer fits the pictures",
            f"{told}; and {more} more" if more > 0 else told,
            _AGAIN,
        )


def summarise(split: Split, people: Sequence[Person]) -> SplitDone:
    """Counts of the split, in all and by name."""
    names = {person.slug: person.name for person in people}
    counts = {
        names.get(slug, slug): {str(part): len(parts[part]) for part in PARTS}
        for slug, parts in split.people.items()
    }
    total: Counter[str] = Counter()
    for count in counts.values():
        total.update(count)
    return SplitDone(
        train=total["train"],
        validation=total["validation"],
        test=total["test"],
        people=counts,
        warnings=split.warnings,
        mode=split.mode,
        seed=split.seed,
        shares=split.shares,
    )


def _mode(people: Sequence[Person]) -> Mode:
    # Who has too few pictures to be divided says nothing about how the others were.
    several = [person for person in people if person.pictures >= TOO_FEW]
    own = {divided(person) for person in several}
    if True in own:
        return "own" if own == {True} else "mixed"
    by_session = {len(person.sessions) >= 2 for person in several}
    if by_session == {True}:
        return "sessions"
    return "mixed" if len(by_session) == 2 else "blocks"


def _warnings(
    person: Person, parts: Mapping[str, Parts], shares: tuple[float, float, float], random: bool
) -> list[str]:
    count = person.pictures
    if not count:
        return ["no pictures, left out."]
    own = divided(person) and not random
    if count < TOO_FEW and not own:
        return [
            (
                "only {count} picture, all used for training, none to check with."
                if count == 1
                else "only {count} pictures, all used for training, none to check with."
            ).format(count=count)
        ]
    told = []
    if count < FEW:
        told.append(f"only {count} pictures, {FEW} or more are better.")
    for part, share in zip(PARTS, shares, strict=True):
        if share > 0 and not parts[person.slug][part]:
            told.append(f"no pictures for {part}.")
    if random or own:
        return told
    if any(session.part for session in person.sessions):
        told.append("nothing of their own for training, so their pictures are divided anew.")
    if len(person.sessions) == 1:
        told.append(
            "one import only; if its photographs are of one day: same session, optimistic."
            if person.sessions[0].source.startswith(IMPORTED)
            else "one session only: same session, optimistic; enrol once more on another day."
        )
    elif len(person.sessions) == 2 and shares[1] > 0 and shares[2] > 0:
        told.append("two sessions only, validation and test share one.")
    return told


def _parse(body: Any) -> Split:
    if body["version"] != FORMAT:
        raise ValueError("version {version!r} is not known here".format(version=body["version"]))
    seed, mode = body["seed"], body["mode"]
    if type(seed) is not int or mode not in get_args(Mode):
        raise ValueError("seed or mode is not valid")
    shares = tuple(body["shares"][part] for part in PARTS)
    if not all(type(share) in (int, float) and 0 <= share <= 1 for share in shares):
        raise ValueError("shares are not valid")
    warnings = body["warnings"]
    if not isinstance(warnings, list) or not all(isinstance(text, str) for text in warnings):
        raise ValueError("warnings are not valid")
    people: dict[str, Parts] = {}
    for slug, entry in body["people"].items():
        if not is_slug(slug):
            raise ValueError(f"{slug!r} is no person's folder")
        people[slug] = {part: _pictures(slug, entry[part]) for part in PARTS}
        every = [picture for part in PARTS for picture in people[slug][part]]
        if len(every) != len(set(every)):
            raise ValueError(f"a picture of {slug} is in two parts")
    return Split(seed, mode, cast("tuple[float, float, float]", shares), people, tuple(warnings))


def _pictures(slug: str, listed: Any) -> tuple[str, ...]:
    if not isinstance(listed, list):
        raise ValueError(f"the pictures of {slug} are not a list")
    for picture in listed:
        found = _PICTURE.fullmatch(picture)
        # Nothing but <session>/<number>.png: a path may not lead out of the person's folder.
        if not found or not is_session_id(found[1]):
            raise ValueError(f"{picture!r} is no picture of {slug}")
    return tuple(listed)
