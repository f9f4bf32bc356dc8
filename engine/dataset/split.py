"""Divide every person's pictures into train, validation and test; split.json.

Frames that follow each other are near copies. Divided at random they would lie on both sides and
make any figure meaningless, so pictures that were taken together stay together. A split is made
from the registry alone, reads no picture, and is the same for the same people, shares and seed; one
person's part in it does not depend on the others.

Which of one person's pictures go where:

- Three or more sessions: whole sessions, so that shares are met as well as whole sessions can;
  every part that has a share gets one session at least.
- Two sessions: the larger one is for training. The other is cut in time between validation and
  test, so that what checks the model is always of another session than what taught it.
- One session: three blocks of time, train, validation, test. Frames on both sides of a cut are
  alike; validation lies between the other two, so that test pictures never touch training ones.
  No picture is dropped at the cuts.
- Fewer than three pictures: all for training.
- Sessions that the operator's own folders gave a part (`SessionInfo.part`) are of that part, and
  the rules above are for the others; unless nothing would be left to train on.
"""

from __future__ import annotations

import random as randomness
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from engine.contract import SplitDone, Warned
from engine.contract.errors import DataError, NoPictures, Remedy, SplitMissing
from engine.people.person import Person, SessionInfo, is_slug
from engine.settings import SplitSettings
from engine.text import many
from engine.workspace.files import read_json, write_json
from engine.workspace.folder import Workspace
from engine.workspace.identity import IMPORTED, PARTS, is_session_id

Parts = Mapping[str, tuple[str, ...]]
Shares = tuple[float, float, float]

TOO_FEW = 3
"""Below this many pictures nothing can be set aside."""
FEW = 10
"""Below this many pictures a warning is due."""


def assign(person: Person, shares: Shares, seed: int, random: bool) -> Parts:
    """Every picture of `person` in exactly one part, in order of capture within each."""
    # Seeded by text, which Python keeps stable over versions; the slug keeps people independent.
    source = randomness.Random(f"{seed}:{person.slug}")
    pictures = _names(person.sessions)
    if random and len(pictures) >= TOO_FEW:
        return _scattered(pictures, shares, source)
    if divided(person):
        of = {part: [s for s in person.sessions if s.part == part] for part in ("", *PARTS)}
        drawn = _drawn(of[""], shares, source)
        return {part: (*_names(of[part]), *drawn[part]) for part in PARTS}
    return _drawn(person.sessions, shares, source)


def divided(person: Person) -> bool:
    """Whether the operator's own division of this person's pictures can be kept."""
    given = {session.part for session in person.sessions}
    return given != {""} and bool(given & {"train", ""})


def _drawn(sessions: Sequence[SessionInfo], shares: Shares, source: randomness.Random) -> Parts:
    """The sessions' pictures by the rules."""
    pictures = _names(sessions)
    if len(pictures) < TOO_FEW:
        return _parts([pictures, [], []])
    if len(sessions) == 1:
        return _parts(_blocks(pictures, shares))
    if len(sessions) == 2:
        return _two_sessions(sessions, shares, source)
    return _whole_sessions(sessions, shares, source)


def counts_for(number: int, shares: Sequence[float]) -> tuple[int, ...]:
    """`number` things divided by `shares` (largest remainder, the first of equals).

    Every share above zero gets one at least where there are enough things.
    """
    total = sum(shares)
    exact = [number * share / total for share in shares]
    counts = [int(part + 1e-9) for part in exact]
    by_remainder = sorted(range(len(shares)), key=lambda i: counts[i] - exact[i])
    for index in by_remainder[: number - sum(counts)]:
        counts[index] += 1
    wanted = [i for i, share in enumerate(shares) if share > 0]
    for index in wanted if number >= len(wanted) else ():
        if not counts[index]:
            counts[counts.index(max(counts))] -= 1
            counts[index] += 1
    return tuple(counts)


def _names(sessions: Iterable[SessionInfo]) -> list[str]:
    return [f"{session.id}/{picture}" for session in sessions for picture in session.pictures]


def _parts(pictures: Sequence[Sequence[str]]) -> Parts:
    return dict(zip(PARTS, map(tuple, pictures), strict=True))


def _blocks(pictures: list[str], shares: Sequence[float]) -> list[list[str]]:
    """Consecutive pieces of `pictures`, one a share."""
    blocks, start = [], 0
    for count in counts_for(len(pictures), shares):
        blocks.append(pictures[start : start + count])
        start += count
    return blocks


def _scattered(pictures: list[str], shares: Shares, source: randomness.Random) -> Parts:
    shuffled = source.sample(pictures, len(pictures))
    blocks = map(frozenset, _blocks(shuffled, shares))
    return _parts([[p for p in pictures if p in block] for block in blocks])


def _by_size(sessions: Sequence[SessionInfo], source: randomness.Random) -> list[SessionInfo]:
    """Largest first; the seed decides between equals."""
    shuffled = source.sample(list(sessions), len(sessions))
    return sorted(shuffled, key=lambda session: -len(session.pictures))


def _two_sessions(
    sessions: Sequence[SessionInfo], shares: Shares, source: randomness.Random
) -> Parts:
    if shares[1] + shares[2] <= 0:
        return _parts([_names(sessions), [], []])
    larger, other = _by_size(sessions, source)
    return _parts([_names([larger]), *_blocks(_names([other]), shares[1:])])


def _whole_sessions(
    sessions: Sequence[SessionInfo], shares: Shares, source: randomness.Random
) -> Parts:
    number = sum(len(session.pictures) for session in sessions)
    missing = [number * share for share in shares]
    wanted = [index for index in range(3) if shares[index] > 0]
    place: dict[str, int] = {}
    ordered = _by_size(sessions, source)
    for position, session in enumerate(ordered):
        empty = [index for index in wanted if index not in place.values()]
        # The last sessions go to parts that have none yet.
        choice = empty if len(empty) >= len(ordered) - position else wanted
        part = max(choice, key=lambda index: missing[index])
        place[session.id] = part
        missing[part] -= len(session.pictures)
    return _parts([_names(s for s in sessions if place[s.id] == index) for index in range(3)])


Mode = Literal["sessions", "blocks", "mixed", "random", "own"]

FORMAT = 1
"""Version written into split.json."""

_PICTURE = re.compile(r"([^/]+)/[0-9]{4,6}\.png")
_MOST_CHANGES = 3


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
    people: Mapping[str, Parts]

    def pictures(self, slug: str, parts: Sequence[str]) -> tuple[str, ...]:
        """A person's pictures in these parts; none of somebody who is not in the split."""
        own = self.people.get(slug, {})
        return tuple(picture for part in parts for picture in own.get(part, ()))


def make_split(people: Sequence[Person], settings: SplitSettings, random: bool = False) -> Split:
    """Divide everybody's pictures; people without any are left out.

    `random` scatters single pictures, for comparison only. Raises NoPictures if there is no
    picture at all.
    """
    if not any(person.pictures for person in people):
        raise NoPictures(
            "There are no pictures to split",
            "nobody is enrolled yet" if not people else "nobody has a picture yet",
            Remedy.ENROL,
        )
    shares = (settings.train, settings.validation, settings.test)
    parts: dict[str, Parts] = {}
    for person in people:
        if person.pictures:
            parts[person.slug] = assign(person, shares, settings.seed, random)
    mode = "random" if random else _mode(people)
    return Split(settings.seed, mode, shares, parts)


def save_split(workspace: Workspace, split: Split) -> None:
    """Write split.json, atomically. The caller holds the writer lock."""
    people = {
        slug: {
            "counts": {part: len(parts[part]) for part in PARTS},
            **{part: list(parts[part]) for part in PARTS},
        }
        for slug, parts in split.people.items()
    }
    body: dict[str, Any] = {
        "version": FORMAT,
        "seed": split.seed,
        "mode": split.mode,
        "shares": dict(zip(PARTS, split.shares, strict=True)),
        "warnings": [],  # earlier versions read it; names of people stand in no split
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
            "The split is damaged", f"{workspace.split_file}: {reason}", Remedy.SPLIT
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
        now = set(_names(person.sessions))
        then = set(split.pictures(slug, PARTS))
        if new := len(now - then):
            changes.append(f"{many(new, 'new picture')} of {person.name}")
        if gone := len(then - now):
            changes.append(f"{many(gone, 'picture')} of {person.name} gone")
    if changes:
        told = "; ".join(changes[:_MOST_CHANGES])
        more = len(changes) - _MOST_CHANGES
        raise SplitMissing(
            "The split no longer fits the pictures",
            f"{told}; and {more} more" if more > 0 else told,
            Remedy.SPLIT,
        )


def summarise(split: Split, people: Sequence[Person], warnings: Sequence[Warned]) -> SplitDone:
    """Counts of the split, in all and by name, with what is to be said of it."""
    names = {person.slug: person.name for person in people}
    counts = {
        names.get(slug, slug): {part: len(parts[part]) for part in PARTS}
        for slug, parts in split.people.items()
    }
    return SplitDone(
        **{part: sum(count[part] for count in counts.values()) for part in PARTS},
        people=counts,
        warnings=tuple(warnings),
        mode=split.mode,
        seed=split.seed,
        shares=split.shares,
    )


def _mode(people: Sequence[Person]) -> Mode:
    # Who has too few pictures to be divided says nothing about how the others were.
    enough = [person for person in people if person.pictures >= TOO_FEW]
    own = {divided(person) for person in enough}
    if True in own:
        return "own" if own == {True} else "mixed"
    by_session = {len(person.sessions) >= 2 for person in enough}
    if by_session == {True}:
        return "sessions"
    return "mixed" if len(by_session) == 2 else "blocks"


def split_warnings(split: Split, people: Sequence[Person]) -> tuple[Warned, ...]:
    """What an operator should know about the split of these people."""
    found = []
    if split.mode == "random":
        found.append(Warned("random_split"))
    for person in people:
        if person.slug in split.people:
            found += _of_person(person, split)
        elif not person.pictures:
            found.append(Warned("no_pictures", person.name))
    return tuple(found)


def _of_person(person: Person, split: Split) -> list[Warned]:
    count, name, random = person.pictures, person.name, split.mode == "random"
    own = divided(person) and not random
    if count < TOO_FEW and not own:
        return [Warned("none_to_check", name, (many(count, "picture"),))]
    found = []
    if count < FEW:
        found.append(Warned("few_pictures", name, (count, FEW)))
    for part, share in zip(PARTS, split.shares, strict=True):
        if share > 0 and not split.people[person.slug][part]:
            found.append(Warned("empty_part", name, (part,)))
    if random or own:
        return found
    if any(session.part for session in person.sessions):
        found.append(Warned("divided_anew", name))
    if len(person.sessions) == 1:
        imported = person.sessions[0].source.startswith(IMPORTED)
        found.append(Warned("one_import" if imported else "one_session", name))
    elif len(person.sessions) == 2 and split.shares[1] > 0 and split.shares[2] > 0:
        found.append(Warned("two_sessions", name))
    return found


def _parse(body: Any) -> Split:
    if body["version"] != FORMAT:
        raise ValueError(f"version {body['version']!r} is not known here")
    seed, mode = body["seed"], body["mode"]
    if type(seed) is not int or mode not in get_args(Mode):
        raise ValueError("seed or mode is not valid")
    shares = tuple(body["shares"][part] for part in PARTS)
    if not all(type(share) in (int, float) for share in shares):
        raise ValueError("shares are not valid")
    SplitSettings(**dict(zip(PARTS, shares, strict=True)))  # else a split made anew would fail
    people: dict[str, Parts] = {}
    for slug, entry in body["people"].items():
        if not is_slug(slug):
            raise ValueError(f"{slug!r} is no person's folder")
        people[slug] = {part: _pictures(slug, entry[part]) for part in PARTS}
        every = [picture for part in people[slug].values() for picture in part]
        if len(every) != len(set(every)):
            raise ValueError(f"a picture of {slug} is in two parts")
    return Split(seed, mode, cast("tuple[float, float, float]", shares), people)


def _pictures(slug: str, listed: Any) -> tuple[str, ...]:
    if not isinstance(listed, list):
        raise ValueError(f"the pictures of {slug} are not a list")
    for picture in listed:
        found = _PICTURE.fullmatch(picture)
        # Nothing but <session>/<number>.png: a path may not lead out of the person's folder.
        if not found or not is_session_id(found[1]):
            raise ValueError(f"{picture!r} is no picture of {slug}")
    return tuple(listed)
