"""The receipt of an erasure: what went, when, by whom, and what a last search found.

    receipts/<day>-<id>.json, .txt

It bears a random id and no name, nor a hash of one: who has the workspace could try names until
the hash fits, so that it would be personal data again. Who asked for the erasure is told the id;
whoever keeps their letter keeps the link.

What an erasure may not decide by itself: what others hold too, and strangers who may be them.

Nothing is touched until each of the two has an answer of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from engine.contract.errors import DataError
from engine.rights.evidence import files_below
from engine.rights.mentions import Mentions
from engine.text import many
from engine.workspace.files import read_json, write_bytes, write_json
from engine.workspace.folder import Workspace

FORMAT = 1
BEYOND = (
    "backups and copies outside the workspace, recordings kept elsewhere",
    "recordings, films, photographs and documents of other programs below the workspace that show "
    "but do not name the person",
    "blocks of the disk that were freed: only an encrypted disk or workspace makes them unreadable",
    "entries of the audit log: they stay, under a pseudonym whose key was destroyed",
    "how near people from the same camera scored, one number a person, until the next training",
)
"""What no search of the workspace can speak for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """`removed` counts by kind; `model` says what became of the model in use; `searched` are the
    files, bytes and rows of numbers of the final search, how many files of others (`left`) and of
    Facedesk (`ours`) still hold something, how many were not read (`unread`), how many hold what is
    somebody else's too (`shared`), and the kept strangers who may be the person and stay, as was
    answered (`unsure`). `not_read` are the first of the unread, as paths below the workspace.

    `resumed`: the erasure was cut short and finished later; counts are then at least these.
    """

    id: str
    erased: str
    by: str
    removed: Mapping[str, int]
    model: str
    searched: Mapping[str, int]
    resumed: bool
    not_read: tuple[str, ...] = ()

    @property
    def statement(self) -> str:
        """The result of the search in a sentence or more. It says that nothing was found only if
        everything was read and nothing stays."""
        told = [*self._stays()]
        return " ".join(told) or (
            "A search of all {files} files of the workspace found no name, picture, feature row, "
            "embedding or class centre of the person."
        ).format(files=self.searched["files"])

    def _stays(self) -> Iterator[str]:
        files, of = self.searched["files"], self.searched.get
        if left := of("left"):
            yield (
                f"{left} of {files} files below the workspace still hold the person's name, a "
                "picture or a row of theirs; they are not Facedesk's own."
            )
        if ours := of("ours"):
            yield (
                f"{ours} of {files} files still hold the person's name, a picture or a row of "
                "theirs although they are Facedesk's own: look at them, and tell the maintainers."
            )
        if shared := of("shared"):
            yield (
                f"{shared} of {files} files hold pictures or rows that are somebody else's too; "
                "they stay with them, as was answered."
            )
        if unsure := of("unsure"):
            yield many(
                unsure,
                "unknown may be the person, and stays, as was answered.",
                "unknown may be the person, and stay, as was answered.",
            )
        if unread := of("unread"):
            yield (
                f"{unread} files could not be read and were not searched: "
                f"{_listed(self.not_read, unread)}."
            )


def _listed(names: tuple[str, ...], count: int) -> str:
    more = f"and {count - len(names)} more" if count > len(names) else ""
    return ", ".join(filter(None, (*names, more)))


def write(workspace: Workspace, receipt: Receipt) -> Path:
    """Write both forms; the path of the text. Writing it again changes nothing."""
    stem = f"{receipt.erased[:10].replace('-', '')}-{receipt.id}"
    write_json(workspace.receipts / f"{stem}.json", {"version": FORMAT, **to_json(receipt)})
    path = workspace.receipts / f"{stem}.txt"
    write_bytes(path, words(receipt).encode())
    return path


def forget(workspace: Workspace, mentions: Mentions) -> int:
    """Take a person's name out of former receipts, which may name unread files; how many did."""
    changed = 0
    for file in files_below(workspace.receipts):
        if file.suffix != ".json":
            continue
        with contextlib.suppress(FileNotFoundError, DataError, KeyError, TypeError):
            body = read_json(file)
            if any(map(mentions.within, body.get("not_read", ()))):
                known = {each.name: body[each.name] for each in fields(Receipt)}
                known["not_read"] = unnamed(body["not_read"], mentions)
                write(workspace, Receipt(**known))
                changed += 1
    return changed


def unnamed(places: Iterable[str], mentions: Mentions) -> tuple[str, ...]:
    """These paths, without any that names the person."""
    hidden = "(a file that bears the name)"
    return tuple(hidden if mentions.within(place) else place for place in places)


def to_json(receipt: Receipt) -> dict[str, Any]:
    """The receipt as plain JSON."""
    return {**asdict(receipt), "statement": receipt.statement, "beyond": list(BEYOND)}


def words(receipt: Receipt) -> str:
    """The receipt as text."""
    lines = [
        f"Receipt {receipt.id}",
        f"Erased {receipt.erased} by {receipt.by}",
        "",
        *(f"  {count:>8}  {kind}" for kind, count in sorted(receipt.removed.items()) if count),
        "",
        f"Model in use: {receipt.model}",
        receipt.statement,
        "Not covered: {beyond}.".format(beyond="; ".join(BEYOND)),
    ]
    if receipt.resumed:
        lines.insert(2, "It was interrupted and finished later; counts are at least these.")
    return "\n".join(lines) + "\n"


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
        return f"{told}: {many(self.pictures, 'picture')}"


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
