"""What the desk tells of people: consent, the roster, changes to undo, archives and erasures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from engine.contract.errors import DataError, Remedy
from engine.settings import ConsentSettings
from engine.text import many

State = Literal["none", "given", "outdated", "withdrawn"]
"""`outdated`: to another text, or another version of it, than the present one."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What person.json says of consent. Times are ISO 8601 in UTC.

    `by` is who asked and noted it, `text_version` the version of the text that was agreed to, and
    `text` the words themselves, empty where only a version was noted.
    `withdrawn` is when it was taken back, empty if it was not. Entries of before there were
    versions are one text: it is `by`, without time and version.
    """

    by: str
    at: str = ""
    text_version: str = ""
    withdrawn: str = ""
    text: str = ""

    @property
    def text_sha256(self) -> str:
        """Digest of the text in UTF-8, to compare it with a signed sheet; empty without a text."""
        return hashlib.sha256(self.text.encode()).hexdigest() if self.text else ""

    @property
    def given(self) -> bool:
        """Whether it holds."""
        return not self.withdrawn

    def to_json(self) -> dict[str, str]:
        """The form in person.json."""
        return asdict(self)


def read_consent(body: Any) -> Consent | None:
    """The consent in person.json; None if none was noted. Raises ValueError if it is damaged."""
    if not body:
        return None
    if isinstance(body, str):
        return Consent(by=body)
    if not isinstance(body, dict) or not all(isinstance(each, str) for each in body.values()):
        raise ValueError("consent is neither text nor a record")
    known = {name: body[name] for name in Consent.__dataclass_fields__ if name in body}
    if not known.get("by"):
        raise ValueError("consent does not say who noted it")
    return Consent(**known)


def noted(by: str, settings: ConsentSettings, version: str = "") -> Consent:
    """Consent given now to the present text, or to another `version` of it whose words are not
    known here. `by` is who asked."""
    present = version in ("", settings.text_version)
    return Consent(
        by=by.strip(),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        text_version=version or settings.text_version,
        text=settings.text if present else "",
    )


def state_of(consent: Consent | None, settings: ConsentSettings) -> State:
    """Where a person's consent stands against the present text."""
    if consent is None:
        return "none"
    if not consent.given:
        return "withdrawn"
    other_version = consent.text_version not in ("", settings.text_version)
    if other_version or consent.text not in ("", settings.text):
        return "outdated"
    return "given"


def outdated_words(agreed: str, settings: ConsentSettings) -> str:
    """That somebody agreed to another text than the present one, as a clause."""
    if agreed in ("", settings.text_version):
        return f"agreed to other words than the present text {settings.text_version}"
    return f"agreed to text {agreed}, the present one is {settings.text_version}"


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One name of the roster, with the consent noted for it, if any; `pictures` of the person of
    that name, 0 while they wait."""

    name: str
    consent: str | None = None
    pictures: int = 0

    @property
    def done(self) -> bool:
        """Whether the person is enrolled."""
        return self.pictures > 0


@dataclass(frozen=True, slots=True)
class Added:
    """What adding brought: new names, and a sentence for each that was left out."""

    names: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trashed:
    """One change in the trash. `title` says what was done, `back` what undoing it brings back.

    `at` is ISO 8601 in UTC; `names` are (slug, name) of people who are enrolled again after undo.
    `by_itself`: Facedesk did it on its own account, so that it is undone only by its id.
    `people` maps the folders that it is about ("people/ada-lovelace") to whose they were.
    """

    id: str
    title: str
    back: str
    at: str
    pictures: int = 0
    names: tuple[tuple[str, str], ...] = ()
    by_itself: bool = False
    people: Mapping[str, str] = field(default_factory=dict)

    @property
    def back_ids(self) -> tuple[tuple[str, str], ...]:
        """(identity, name) of those in `names`; the identity is empty where it is not known."""
        return tuple((self.people.get(f"people/{slug}", ""), name) for slug, name in self.names)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. `files` counts the archive's entries."""

    name: str
    file: str
    files: int
    pictures: int
    bytes: int


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
        return " ".join(self._stays()) or (
            f"A search of all {self.searched['files']} files of the workspace found no name, "
            "picture, feature row, embedding or class centre of the person."
        )

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
                f"{many(unread, 'file')} could not be read or searched: "
                f"{_listed(self.not_read, unread)}."
            )


def _listed(names: tuple[str, ...], count: int) -> str:
    more = f"and {count - len(names)} more" if count > len(names) else ""
    return ", ".join(filter(None, (*names, more)))


@dataclass(frozen=True, slots=True)
class Erased:
    """What the operator is told. `left` are paths that still hold something of the person, `unread`
    those that could not be read. The receipt names neither the former nor the person."""

    name: str
    receipt: Receipt
    file: str
    left: tuple[str, ...]
    unread: tuple[str, ...] = ()


Kind = Literal["person", "stranger", "trash"]


Why = Literal["same", "alike", "incomparable"]


MOST_NAMED = 10
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
            who = "; ".join(one.words for one in each[:MOST_NAMED])
            more = f"; and {len(each) - MOST_NAMED} more"
            who += more if len(each) > MOST_NAMED else ""
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
            hints.append(Remedy.SHARED)
        if doubts.unsure:
            hints.append(Remedy.UNSURE)
        super().__init__(
            "The erasure needs an answer, nothing was erased",
            " ".join(_sentences(doubts)).removesuffix("."),
            " ".join(hints),
        )
        self.doubts = doubts
