"""Whether a text names a person: by name, or by the folder's name where that means nothing else.

A name of digits or of up to two letters ("60", "No") is also a number or a word of any text. It
counts only as a whole value: what stands between quotes, between slashes, or alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from engine.service.erasure.reading import readings

OURS = frozenset(
    {
        "aside", "blocks", "camera", "centres", "choices", "classic", "cli", "current", "demo",
        "details", "done", "event", "features", "file", "files", "format", "head", "history",
        "inbox", "keep", "kept", "known", "labels", "marks", "mixed", "model", "models", "name",
        "names", "people", "person", "pictures", "random", "recipe", "roster", "rows", "seen",
        "session", "sessions", "slug", "source", "split", "stale", "strangers", "test", "train",
        "trash", "unknown", "unsure", "validation", "version",
    }
)  # fmt: skip
"""Words of our own files: a person's folder may be called so, and then only the name tells."""


SHORTEST = 2
"""Letters up to which a name may be a word of any text."""


class Mentions:
    """Looks for a person's `names` and `slug` as whole words.

    `others` are the names and folders of everybody else: "Ann" in "Ann Lee" is no mention.
    """

    def __init__(self, names: Sequence[str], slug: str, others: Iterable[str] = ()) -> None:
        wanted = [form for name in names for form in _forms(name)]
        wanted.append(slug)
        # What our own files have as keys and values is no mention, even where it stands alone.
        wanted = [form for form in wanted if form not in OURS]
        self._wanted = _any_of(wanted)
        longer = {form for other in others for form in _forms(other)} - set(wanted)
        masks = [form for form in longer if self._wanted.search(form)]
        self._masked = _any_of(masks) if masks else None

    def within(self, text: str) -> bool:
        """Whether `text` names the person."""
        if self._wanted.search(text) is None:
            return False
        return self._masked is None or self._wanted.search(self._masked.sub("", text)) is not None

    def within_bytes(self, data: bytes) -> bool:
        """Whether a file's contents name the person, however they are written."""
        return any(map(self.within, readings(data)))


def is_common(name: str) -> bool:
    """Whether a name may as well be a number or a short word of any text."""
    letters = sum(character.isalpha() for character in name)
    return letters <= SHORTEST and name.isascii()


def _forms(name: str) -> set[str]:
    """A name as it stands, and as JSON writes it in ASCII."""
    return {name, json.dumps(name)[1:-1]}


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    # The longest first: of "Ann" and "Ann Lee" the whole is to be found.
    ordered = sorted(words, key=len, reverse=True)
    free = [re.escape(word) for word in ordered if not is_common(word)]
    alone = [re.escape(word) for word in ordered if is_common(word)]
    parts = []
    if free:
        # A hyphen joins a folder's name: "ann" is no mention in "ann-lee".
        parts.append(rf"(?<![\w-])(?:{'|'.join(free)})(?![\w-])")
    if alone:
        parts.append(rf"(?<![^\"'/])(?:{'|'.join(alone)})(?![^\"'/])")
    return re.compile("|".join(parts) or r"(?!)")
