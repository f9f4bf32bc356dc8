"""Text that is not ours, made safe to show, and how figures and warnings are written.

A character that paints nothing, moves the cursor, or turns the direction of writing is replaced by
U+FFFD. It is not dropped: two texts that differ must look different. A joiner stays where a script
needs it, as in Persian, Sinhala or Malayalam (`joins`). Nothing that is shown, logged or stored
holds a user name, password or token of a URL.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

INSTEAD = "\ufffd"
MOST_MARKS = 3
"""Combining marks on one character; a heap of them runs over the lines above and below."""

_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Letters and marks that paint nothing although Unicode does not call them format characters.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
ZWNJ, ZWJ = "\u200c", "\u200d"
JOINERS = str.maketrans("", "", ZWNJ + ZWJ)
"""Takes the joiners out of a text, for a comparison."""
_VIRAMA = 9
"""Combining class of the sign that takes a vowel away, in the scripts of India and around."""
_ENDING = frozenset(
    "\u0621\u0622\u0623\u0624\u0625\u0627\u0629\u062f\u0630\u0631\u0632\u0648\u0671\u0672\u0673\u0674"
    "\u0675\u0676\u0677\u06c0\u06c3\u06c4\u06c5\u06c6\u06c7\u06c8\u06c9\u06ca\u06cb\u06cd\u06cf\u06d2"
    "\u06d3\u06d5\u06ee\u06ef\u0759\u075a\u075b\u076b\u076c\u0771\u0773\u0774\u0778\u0779"
) | {chr(code) for code in range(0x0688, 0x069A)}
"""Arabic letters that never join the next one: a joiner behind them paints nothing."""
_PLAIN = re.compile(r"[ -~]*")
_SPACES = str.maketrans("\t\n\r\f\v", "     ")


def is_invisible(character: str) -> bool:
    """Whether a character paints nothing of its own, or may be taken for a command."""
    return character in _BLANK or unicodedata.category(character) in _CATEGORIES


def joins(text: str, place: int) -> bool:
    """Whether the character at `place` is a joiner that changes how its neighbours are written.

    By the rules for domain names (RFC 5892, appendix A): behind a virama, and a non-joiner between
    two Arabic letters that would join; also a joiner between a letter and its virama, for Bengali
    and Kannada.
    """
    joiner, before, after = text[place], text[:place], text[place + 1 :]
    if joiner not in (ZWNJ, ZWJ) or not before:
        return False
    if unicodedata.combining(before[-1]) == _VIRAMA:
        return unicodedata.category(before[-2:-1] or " ")[0] in "LM"
    if joiner == ZWJ:
        virama = unicodedata.combining(after[:1] or " ") == _VIRAMA
        return virama and unicodedata.category(before[-1]) == "Lo"
    one = next((c for c in reversed(before) if unicodedata.category(c) != "Mn"), " ")
    other = next((c for c in after if unicodedata.category(c) != "Mn"), " ")
    return one not in _ENDING and _is_arabic(one) and _is_arabic(other)


def _is_arabic(character: str) -> bool:
    return unicodedata.name(character, "").startswith("ARABIC LETTER ")


def shown(text: str) -> str:
    """The text on one line, with every invisible character as U+FFFD."""
    if _PLAIN.fullmatch(text):
        return text
    made, marks = [], 0
    text = text.translate(_SPACES)
    for place, character in enumerate(text):
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        hidden = is_invisible(character) and not joins(text, place)
        made.append(INSTEAD if hidden or marks > MOST_MARKS else character)
    return "".join(made)


def shown_lines(text: str) -> str:
    """The same for a text of several lines, which stay lines."""
    return "\n".join(map(shown, text.split("\n")))


def escaped(json_text: str) -> str:
    r"""A JSON text with every invisible character as `\uXXXX`: it means the same, and a terminal
    or a pager that shows it sees plain characters. Lone surrogates can be written too then."""
    if _PLAIN.fullmatch(json_text):
        return json_text
    return "".join(_escape(c) if is_invisible(c) else c for c in json_text)


def plain(value: Any, leaf: Callable[[Any], Any] = lambda each: each) -> Any:
    """JSON types only: mappings and sequences through and through, null for NaN and infinity, and
    what `leaf` makes of all else."""
    if isinstance(value, Mapping):
        return {str(name): plain(item, leaf) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, leaf) for item in value]
    if isinstance(value, float):  # numpy's float64 is one; JSON knows no NaN
        return float(value) if math.isfinite(value) else None
    return leaf(value)


def name_key(name: str) -> str:
    """What two names are compared by: NFKC with case folded, so that "ANNA" is "Anna"; without
    joiners, which people write or leave out."""
    folded = unicodedata.normalize("NFKC", name).casefold().translate(JOINERS)
    # Folding can undo the normal form (U+0345), so that it is restored at the end.
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def many(count: int, one: str, more: str = "") -> str:
    """Return a count with its noun: `1 picture`, `2 pictures`; `more` is `one` and an s."""
    return f"{count} {one if count == 1 else more or one + 's'}"


def in_short(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many more there are."""
    told = ", ".join(names[:most])
    return f"{told} and {len(names) - most} more" if len(names) > most else told


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


_RISKY = re.compile(r"\s*'*[=+\-@\uff1d\uff0b\uff0d\uff20]")
"""Begins a formula, in some spreadsheets also as a full-width character; or was guarded already."""
_STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"


def guarded(cell: str) -> str:
    """The cell as no spreadsheet runs it: a leading `'` makes it a text (OWASP, "CSV Injection").
    Numbers stay numbers."""
    if not _RISKY.match(cell):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def unguarded(cell: str) -> str:
    """The text of a cell: what `guarded` was given, and of a formula what follows its sign."""
    if cell.startswith("'") and _RISKY.match(cell[1:]):
        return cell[1:]
    return cell.lstrip(_STARTS)


MASK = "***"

# Not only of schemes that there are: a slip of the finger in one must not show the password.
_WHOLE = re.compile(r"^([^/@]*?://).*@", re.DOTALL)
_WITHIN = re.compile(r"(://)\S*@")
_SECRET = re.compile(
    r"([?&;/#][^?&;/#=\s]*(?:user|usr|login|pass|pwd|token|auth|key|secret|sig|sid|session|cred|jwt|"
    r"hash|nonce)[^?&;/#=\s]*=)[^&;#\s]*",
    re.IGNORECASE,
)
"""A parameter with such a part in its name: `password=`, `loginpas=`, `X-Amz-Signature=`. Some
cameras have them in the path: `/user=admin&password=x`."""


def mask_credentials(text: str) -> str:
    """`text` with the credentials of every URL in it replaced by `***`.

    Everything between `://` and the last `@` goes: people type passwords that hold `/`, `@` or
    `#` unescaped, and hiding too much is the lesser evil. A text that begins with a URL is one
    URL as a whole. Values of telling parameters (`password=`, `token=`, ...) go too, but only
    where there is a URL.
    """
    if "://" not in text:
        return text
    masked = _WHOLE.sub(rf"\1{MASK}@", text)
    masked = _WITHIN.sub(rf"\1{MASK}@", masked)
    return _SECRET.sub(rf"\1{MASK}", masked)


def percent(share: float, *, up: bool = False) -> str:
    """A share as a percentage at two digits: `73 %`, `1.5 %`, `0.2 %`; a dash if it is not finite.

    `up` rounds up: for what a share is at most.
    """
    if not math.isfinite(share):
        return "-"
    hundredths = share * 100
    digits = 1 - math.floor(math.log10(hundredths)) if 0 < hundredths < 10 else 0
    step = 10.0**-digits
    steps = math.ceil(hundredths / step - 1e-6) if up else round(hundredths / step)
    return f"{steps * step:.2g} %" if steps * step < 10 else f"{steps * step:.0f} %"


SOFTNESS = 0.1
"""How far above its threshold a score is called 73 of 100."""


def match(score: float, threshold: float) -> float:
    """A score as people read it: 0 to 100, 50 at the threshold (a logistic curve)."""
    return 100.0 / (1.0 + math.exp(-min(max((score - threshold) / SOFTNESS, -50.0), 50.0)))
