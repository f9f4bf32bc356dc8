"""Names of people: which text is a name, when two names are the same, and folder names.

Names that look the same although they are not: letters of other alphabets, dashes, quotes.

The pairs are those of Unicode's "confusables" (UTS #39) that are alike in the fonts of terminals
and may stand in a person's name. Two such names must not be enrolled beside each other: the one
that is read would be taken for the other.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence

from engine.contract.errors import NameInvalid
from engine.text import JOINERS, ZWJ, ZWNJ, is_invisible, joins, name_key

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
    where the script needs them.
    """
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
                "The name holds a slash",
                f"{name!r}",
                "Leave out / and \\, they separate folders.",
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
    """A folder name for `name`: a-z, 0-9 and single hyphens, at most 48 characters.

    A name that ASCII spells in full ("Anna Lee") gives its plain slug ("anna-lee"). One that
    loses something on the way ("José", "李明"), is too long or reserved gets eight digits of its
    SHA-256 appended. `is_taken` tells which slugs exist; the result is never one of them.
    """
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
    """What a name may be taken for. Names of which one is in both look the same.

    One is the name as it is written, in which I, l and 1 are one stroke; the other is without
    regard to case, so that a name in capitals is no way around it.
    """
    name = name.translate(JOINERS)
    plain = unicodedata.normalize("NFKC", name).translate(_ALIKE)
    folded = unicodedata.normalize("NFKC", name).casefold().translate(_ALIKE)
    return frozenset({f"as written: {plain.translate(_STROKES)}", f"folded: {folded}"})


def whose(names: Sequence[str], slugs: Sequence[str]) -> Callable[[str], int | None]:
    """Whom of a gallery a folder's name means, as an index into `names`; None for nobody.

    It is a person's name or slug; case is ignored. Underscores stand for spaces, on either side,
    unless two people would then have one name: nobody is guessed at.
    """
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
