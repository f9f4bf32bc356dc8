"""Which of one person's pictures go where.

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
from collections.abc import Sequence

from engine.enrol.folders import PARTS, Part
from engine.enrol.people import Person, SessionInfo

Parts = dict[Part, tuple[str, ...]]
Shares = tuple[float, float, float]

TOO_FEW = 3
"""Below this many pictures nothing can be set aside."""
FEW = 10
"""Below this many pictures a warning is due."""


def assign(person: Person, shares: Shares, seed: int, random: bool) -> Parts:
    """Every picture of `person` in exactly one part, in order of capture within each."""
    # Seeded by text, which Python keeps stable over versions; the slug keeps people independent.
    source = randomness.Random(f"{seed}:{person.slug}")
    pictures = [name for session in person.sessions for name in _names(session)]
    if random and len(pictures) >= TOO_FEW:
        return _scattered(pictures, shares, source)
    if divided(person):
        others = tuple(session for session in person.sessions if not session.part)
        drawn = _drawn(others, shares, source)
        given = {
            part: [n for s in person.sessions if s.part == part for n in _names(s)]
            for part in PARTS
        }
        return _parts(*([*given[part], *drawn[part]] for part in PARTS))
    return _drawn(person.sessions, shares, source)


def divided(person: Person) -> bool:
    """Whether the operator's own division of this person's pictures can be kept."""
    given = {session.part for session in person.sessions}
    return given != {""} and bool(given & {"train", ""})


def _drawn(sessions: Sequence[SessionInfo], shares: Shares, source: randomness.Random) -> Parts:
    """The sessions' pictures by the rules."""
    pictures = [name for session in sessions for name in _names(session)]
    if len(pictures) < TOO_FEW:
        return _parts(pictures, [], [])
    if len(sessions) == 1:
        return _parts(*_blocks(pictures, shares))
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


def _names(session: SessionInfo) -> list[str]:
    return [f"{session.id}/{picture}" for picture in session.pictures]


def _parts(train: list[str], validation: list[str], test: list[str]) -> Parts:
    return {"train": tuple(train), "validation": tuple(validation), "test": tuple(test)}


def _blocks(pictures: list[str], shares: Sequence[float]) -> list[list[str]]:
    """Consecutive pieces of `pictures`, one a share."""
    blocks, start = [], 0
    for count in counts_for(len(pictures), shares):
        blocks.append(pictures[start : start + count])
        start += count
    return blocks


def _scattered(pictures: list[str], shares: Shares, source: randomness.Random) -> Parts:
    shuffled = source.sample(pictures, len(pictures))
    train, validation, test = (set(block) for block in _blocks(shuffled, shares))
    return _parts(
        [p for p in pictures if p in train],
        [p for p in pictures if p in validation],
        [p for p in pictures if p in test],
    )


def _by_size(sessions: Sequence[SessionInfo], source: randomness.Random) -> list[SessionInfo]:
    """Largest first; the seed decides between equals."""
    shuffled = source.sample(list(sessions), len(sessions))
    return sorted(shuffled, key=lambda session: -len(session.pictures))


def _two_sessions(
    sessions: Sequence[SessionInfo], shares: Shares, source: randomness.Random
) -> Parts:
    if shares[1] + shares[2] <= 0:
        return _parts([name for session in sessions for name in _names(session)], [], [])
    larger, other = _by_size(sessions, source)
    validation, test = _blocks(_names(other), shares[1:])
    return _parts(_names(larger), validation, test)


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
    train, validation, test = (
        [name for session in sessions if place[session.id] == index for name in _names(session)]
        for index in range(3)
    )
    return _parts(train, validation, test)
