"""Names that look the same although they are not: letters of other alphabets, dashes, quotes.

The pairs are those of Unicode's "confusables" (UTS #39) that are alike in the fonts of terminals
and may stand in a person's name. Two such names must not be enrolled beside each other: the one
that is read would be taken for the other.
"""

# ruff: noqa: RUF001 -- look-alike letters are what this is about

from __future__ import annotations

import unicodedata

from engine.shown import JOINERS

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
