"""A person: their name, the name of their folder, and who they are or why that cannot be read.

Whoever reads people meets each of them here as one of three: gone, a `Person`, or an
`UnreadPerson` with the cause and what helps. Nobody who is on the disk is passed over.

Names that look the same although they are not (letters of other alphabets, dashes, quotes) must not
be enrolled beside each other: the one that is read would be taken for the other. The pairs are
those of Unicode's "confusables" (UTS #39) that are alike in the fonts of terminals.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.contract import Emit, Notice
from engine.contract.errors import (
    DataError,
    NameInvalid,
    PersonUnreadable,
    WorkspaceDenied,
    WorkspaceTooNew,
)
from engine.contract.people import Consent, read_consent
from engine.text import JOINERS, ZWJ, ZWNJ, is_invisible, joins, name_key
from engine.workspace.files import read_json
from engine.workspace.folder import Workspace, newer
from engine.workspace.identity import (
    PERSON_FILE,
    identity_in,
    is_session_id,
    merged_in,
    picture_names,
    session_head,
    sub_folders,
)

FORMAT = 1
"""Version written into person.json and session.json."""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One capture session or import. `pictures` are file names in order of capture. `aligned` is
    "points" if each crop is aligned by the points of its face, or was looked through for them;
    "eyes" for what the Haar cascade aligned, and for all from before there was another. `part` is
    that of the split which the operator's own folders gave it, else empty."""

    id: str
    source: str
    started: str
    pictures: tuple[str, ...]
    aligned: str = "eyes"
    part: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """One enrolled person. `revision` changes whenever the set of pictures changes. `id` is who
    they are for good (`engine.workspace.identity`), `slug` only where their pictures lie. `merged`
    are the identities of people who were merged into this one. `apart_from`, of a stranger, is the
    person they were told apart from."""

    name: str
    slug: str
    created: str
    consent: Consent | None
    sessions: tuple[SessionInfo, ...]
    revision: str
    id: str = ""
    merged: tuple[str, ...] = ()
    apart_from: str = ""

    @property
    def ids(self) -> frozenset[str]:
        """Every identity that is this person."""
        return frozenset((self.id, *self.merged))

    @property
    def pictures(self) -> int:
        """How many pictures there are over all sessions."""
        return sum(len(session.pictures) for session in self.sessions)


@dataclass(frozen=True, slots=True)
class UnreadPerson:
    """Somebody who is here and cannot be read. `name` is empty where nothing tells it; `error` says
    why, and what helps. `denied`: this user may not read it; else it is damaged."""

    slug: str
    name: str
    error: PersonUnreadable
    denied: bool

    @property
    def shown(self) -> str:
        """The name, or the folder's."""
        return self.name or self.slug

    @property
    def sentence(self) -> str:
        """Who, why, and what helps."""
        return f"{self.error}. {self.error.hint}"


def read_person(workspace: Workspace, slug: str) -> Person | UnreadPerson | None:
    """Who is in this folder, None if it is gone. Raises VaultLocked."""
    name = ""
    try:
        body = read_head(workspace, slug)
        name = clean_name(body["name"])
        return _person(workspace, slug, name, body)
    except FileNotFoundError:
        if not os.path.lexists(workspace.people / slug):
            return None
        cause: DataError = _damage(workspace, slug)
    except DataError as error:
        cause = error
    return _unread(workspace, slug, name, cause)


def read_head(workspace: Workspace, slug: str) -> dict[str, Any]:
    """What person.json says. Raises FileNotFoundError, DataError if it cannot be read."""
    path = workspace.people / slug / PERSON_FILE
    body = read_json(path)
    if newer(body, FORMAT):
        raise WorkspaceTooNew(
            "A person's file is of a newer version",
            str(path),
            "Use the newer Facedesk that wrote it.",
        )
    if not (
        isinstance(body, dict)
        and isinstance(body.get("name"), str)
        and isinstance(body.get("created"), str)
    ):
        raise _damage(workspace, slug)
    try:
        clean_name(body["name"])
        read_consent(body.get("consent"))
    except (NameInvalid, ValueError) as error:
        raise _damage(workspace, slug) from error
    return body


def _unread(workspace: Workspace, slug: str, name: str, cause: DataError) -> UnreadPerson:
    denied, hint = isinstance(cause, WorkspaceDenied), cause.hint
    ours = workspace.people.name == "people"
    if not denied and not isinstance(cause, WorkspaceTooNew):
        command = "people erase" if ours else "strangers remove"
        hint = f"Restore it from a backup, or: facedesk {command} {slug}"
    error = PersonUnreadable(
        "A person cannot be read" if ours else "A stranger of yours cannot be read",
        f"{name or slug}: {cause.message}",
        hint,
    )
    return UnreadPerson(slug, name, error, denied)


def _person(workspace: Workspace, slug: str, name: str, body: dict[str, Any]) -> Person:
    sessions = read_sessions(workspace.people / slug)
    digest = hashlib.sha256()
    for session in sessions:
        digest.update("".join(f"{session.id}/{p}\n" for p in session.pictures).encode())
    return Person(
        name=name,
        slug=slug,
        created=body["created"],
        consent=read_consent(body.get("consent")),
        sessions=sessions,
        revision=digest.hexdigest()[:16],
        id=identity_in(body, slug),
        merged=merged_in(body),
        apart_from=str(body.get("apart_from", "")),
    )


def read_sessions(folder: Path) -> tuple[SessionInfo, ...]:
    """The sessions of a person's folder that have a picture, by id. Raises WorkspaceUnusable."""
    found = []
    for entry in sub_folders(folder):
        if is_session_id(entry.name) and (pictures := picture_names(entry.path)):
            source, started, aligned, part = session_head(entry)
            found.append(SessionInfo(entry.name, source, started, pictures, aligned, part))
    return tuple(sorted(found, key=lambda session: session.id))


def _damage(workspace: Workspace, slug: str) -> DataError:
    path = workspace.people / slug / PERSON_FILE
    return DataError(
        "A person's file is damaged",
        f"{path} is missing or does not hold a person",
        "Restore it from a backup.",
    )


def refuse_unread(unread: Sequence[UnreadPerson]) -> None:
    """Raise PersonUnreadable if there is anybody: of one their error, of several all in one."""
    if len(unread) == 1:
        raise unread[0].error
    if unread:
        raise PersonUnreadable(
            f"{len(unread)} cannot be read",
            "; ".join(each.error.message for each in unread),
            "; ".join(dict.fromkeys(each.error.hint for each in unread)),
        )


def warn_unread(unread: Iterable[UnreadPerson], emit: Emit) -> None:
    """Tell who is left out because they cannot be read."""
    for each in unread:
        emit(Notice(text=each.sentence, level="warning"))


LONGEST_NAME = 100
"""Characters (code points after NFC) that a name may have."""
LONGEST_SLUG = 48
"""Characters that a folder name may have."""

_HASH_LENGTH = 8
# Device names that Windows and some network shares refuse as folder names.
RESERVED = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
)
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")


def clean_name(text: str) -> str:
    """The name as it is stored: NFC, runs of white space made one space, none at the ends.
    Idempotent. Raises NameInvalid if nothing is left, it is longer than 100 characters, has no
    letter or digit, or holds a slash, a control character, or one that cannot be seen (text
    direction marks, zero-width characters): such names could impersonate another. Joiners stay
    where the script needs them."""
    name = unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", text).split()))
    if not name:
        raise NameInvalid("The name is empty", "", "Give the person's name.")
    if len(name) > LONGEST_NAME:
        raise NameInvalid(
            "The name is too long",
            f"it has {len(name)} characters, {LONGEST_NAME} are allowed",
            "Shorten it.",
        )
    for place, character in enumerate(name):
        if character in "/\\":
            raise NameInvalid(
                "The name holds a slash", f"{name!r}", "Leave out / and \\, they separate folders."
            )
        hidden = is_invisible(character) and not joins(name, place)
        if hidden or unicodedata.category(character) == "Cn":
            raise NameInvalid(
                "The name holds a character that cannot be seen",
                f"U+{ord(character):04X} in {name!r}",
                "Leave the joiner out there: it changes nothing."
                if character in (ZWNJ, ZWJ)
                else "Type the name again instead of pasting it.",
            )
    if not any(unicodedata.category(character)[0] in "LN" for character in name):
        raise NameInvalid("The name has no letter or digit", f"{name!r}", "Give the person's name.")
    return name


def slug_for(name: str, is_taken: Callable[[str], bool]) -> str:
    """A folder name for `name`: a-z, 0-9 and single hyphens, at most 48 characters. A name that
    ASCII spells in full ("Anna Lee") gives its plain slug ("anna-lee"). One that loses something on
    the way ("José", "李明"), is too long or reserved gets eight digits of its SHA-256 appended.
    `is_taken` tells which slugs exist; the result is never one of them."""
    key = name_key(name)
    decomposed = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode("ascii")
    base = re.sub(r"[^a-z0-9]+", "-", decomposed.lower()).strip("-")
    lossless = base == key.replace(" ", "-") and len(base) <= LONGEST_SLUG
    if lossless and base not in RESERVED and not is_taken(base):
        return base
    digest = hashlib.sha256(key.encode()).hexdigest()[:_HASH_LENGTH]
    number = 1
    while True:
        ending = f"-{digest}" if number == 1 else f"-{digest}-{number}"
        slug = (base or "person")[: LONGEST_SLUG - len(ending)].rstrip("-") + ending
        if not is_taken(slug):
            return slug
        number += 1


def may_be_slug_of(slug: str, name: str) -> bool:
    """Whether `slug_for` could have made `slug` of this name, or it is what the name says."""
    plain = slug_for(name, lambda slug: False)
    digest = hashlib.sha256(name_key(name).encode()).hexdigest()[:_HASH_LENGTH]
    return slug in (name, plain) or re.fullmatch(rf".+-{digest}(-[0-9]+)?", slug) is not None


def is_slug(text: str) -> bool:
    """Whether `text` can be a folder name of ours; keeps paths from leaving the workspace."""
    return len(text) <= LONGEST_SLUG and _SLUG.fullmatch(text) is not None


# ruff: noqa: RUF001 -- look-alike letters are what this is about


_PAIRS = (
    # Cyrillic
    ("АВЕЅІЈКМНОРСТУХҮԚԜ", "ABESIJKMHOPCTYXYQW"),
    ("аеѕіјорсухԁһӏԛԝү", "aesijopcyxdhlqwy"),
    # Greek
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
    ("αικνορυ", "aiknopu"),
    # Armenian, Cherokee
    ("ՏՕհոսօԼ", "SOhnuoL"),
    ("ᎪᏴᏟᎠᎬᏀᎻᎫᏦᏞᎷᏢᏚᎢᏙᎳᏃ", "ABCDEGHJKLMPSTVWZ"),
    # Latin
    ("ıɑɡɩʏ", "iagiy"),
    # Punctuation
    ("\u2018\u2019\u02bc\u02b9\u2032`\u00b4", "'" * 7),
    ("\u2010\u2011\u2012\u2013\u2014\u2212", "-" * 6),
)
_ALIKE = str.maketrans(
    {one: other for ones, others in _PAIRS for one, other in zip(ones, others, strict=True)}
)
_STROKES = str.maketrans("I1|0", "lllO")


def looks(name: str) -> frozenset[str]:
    """What a name may be taken for. Names of which one is in both look the same. One is the name as
    it is written, in which I, l and 1 are one stroke; the other is without regard to case, so that
    a name in capitals is no way around it."""
    name = name.translate(JOINERS)
    plain = unicodedata.normalize("NFKC", name).translate(_ALIKE)
    folded = unicodedata.normalize("NFKC", name).casefold().translate(_ALIKE)
    return frozenset({f"as written: {plain.translate(_STROKES)}", f"folded: {folded}"})


def whose(names: Sequence[str], slugs: Sequence[str]) -> Callable[[str], int | None]:
    """Whom of a gallery a folder's name means, as an index into `names`; None for nobody. It is a
    person's name or slug; case is ignored. Underscores stand for spaces, on either side, unless two
    people would then have one name: nobody is guessed at."""
    exact = {name_key(slug): label for label, slug in enumerate(slugs)}
    exact |= {name_key(name): label for label, name in enumerate(names)}
    loose: dict[str, list[int]] = defaultdict(list)
    for label, name in enumerate(names):
        loose[_spaced(name)].append(label)

    def find(folder: str) -> int | None:
        who = exact.get(name_key(folder))
        if who is not None:
            return who
        likely = loose.get(_spaced(folder), [])
        return likely[0] if len(likely) == 1 else None

    return find


def _spaced(name: str) -> str:
    return name_key(name.replace("_", " "))
