"""What an erasure may not decide by itself: what others hold too, and strangers who may be them.

Nothing is touched until each of the two has an answer of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from engine.errors import DataError

Kind = Literal["person", "stranger", "trash"]
Why = Literal["same", "alike", "incomparable"]
MOST_TOLD = 10
"""Named one by one in the error's sentence."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody else who holds `pictures` of the very files: `whose` is a name, of the trash the
    title of a change."""

    kind: Kind
    whose: str
    pictures: int

    @property
    def words(self) -> str:
        """Who, and how many."""
        told = {
            "person": "{whose}, who is enrolled",
            "stranger": "{whose}, one of your strangers",
            "trash": "the trash ({whose})",
        }[self.kind].format(whose=self.whose)
        return ("{whose}: {count} picture" if self.pictures == 1 else "{whose}: {count} pictures").format(whose=told, count=self.pictures)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unsure:
    """A kept stranger who may be the person. `place` is the folder below the workspace, `at` ISO
    8601; `likeness` is the mean cosine to the person's pictures, None if it is not known."""

    place: str
    at: str
    crops: int
    why: Why
    likeness: float | None

    @property
    def words(self) -> str:
        """Which, and why it is not sure."""
        told = {
            "same": "has pictures of the very same bytes",
            "alike": "may be the same face (likeness {likeness:.2f})",
            "incomparable": "could not be compared",
        }[self.why].format(likeness=self.likeness or 0.0)
        if not self.at:  # a crop of the trash that lost its record
            return f"{self.place}: {told}"
        when = self.at[:16].replace("T", " ")
        return f"{self.place}, seen {when}: {told}"


@dataclass(frozen=True, slots=True)
class Doubts:
    """All that needs an answer, about the person of this name."""

    name: str
    shared: tuple[Holder, ...] = ()
    unsure: tuple[Unsure, ...] = ()

    def lines(self) -> Iterator[str]:
        """All of it in words."""
        if self.shared:
            yield "Others hold the very same pictures:"
            yield from (f"  {each.words}" for each in self.shared)
        if self.unsure:
            yield f"Unknown people who may be {self.name}:"
            yield from (f"  {each.words}" for each in self.unsure)


def _sentences(doubts: Doubts) -> Iterator[str]:
    for begin, each in (
        ("Others hold the very same pictures: {who}.", doubts.shared),
        ("Unknown people may be {name}: {who}.", doubts.unsure),
    ):
        if each:
            who = "; ".join(one.words for one in each[:MOST_TOLD])
            more = f"; and {len(each) - MOST_TOLD} more"
            who += more if len(each) > MOST_TOLD else ""
            yield begin.format(name=doubts.name, who=who)


@dataclass(frozen=True, slots=True)
class Answers:
    """What the operator said. `shared_stay`: others keep what they hold too. `unsure`: what becomes
    of strangers who may be the person; empty if nobody was asked."""

    shared_stay: bool = False
    unsure: Literal["", "remove", "keep"] = ""

    def leave_open(self, doubts: Doubts) -> Doubts:
        """The doubts that they do not answer."""
        shared = () if self.shared_stay else doubts.shared
        return Doubts(doubts.name, shared, () if self.unsure else doubts.unsure)


class ErasureUnanswered(DataError):
    """The erasure waits for an answer; nothing was touched."""

    def __init__(self, doubts: Doubts) -> None:
        hints = []
        if doubts.shared:
            hints.append("With --shared-stay others keep theirs, and only what is theirs alone "
                           "is erased.")  # fmt: skip
        if doubts.unsure:
            hints.append("--unsure remove erases these unknown too, --unsure keep leaves them.")
        super().__init__(
            "The erasure needs an answer, nothing was erased",
            " ".join(_sentences(doubts)).removesuffix("."),
            " ".join(hints),
        )
        self.doubts = doubts

    def __reduce__(self) -> tuple[type, tuple[Doubts]]:  # type: ignore[override]
        return type(self), (self.doubts,)
