"""What a change in the trash is made of: steps, whose they are, and whether all can be done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

_SLUG_AT = {"people": 1, "strangers": 1, "features": 2, "stranger-features": 2}
"""At which place a path in the workspace says whose it is."""
_AREA_OF = {
    "people": "people",
    "strangers": "strangers",
    "features": "people",
    "stranger-features": "strangers",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One rename. One that is `optional` is left out where it is not possible: features."""

    source: str
    target: str
    optional: bool

    def backwards(self) -> Step:
        """The step that takes this one back."""
        return Step(self.target, self.source, self.optional)


def place_of(key: str) -> str:
    """Whose folder a path in the workspace is about ("people/ada-lovelace"), empty for nobody's."""
    parts = key.split("/")
    at = _SLUG_AT.get(parts[0], len(parts))
    return f"{_AREA_OF[parts[0]]}/{parts[at]}" if at < len(parts) else ""


def moved_to(body: dict[str, Any], place: str, slug: str) -> dict[str, Any]:
    """A manifest whose person comes back to the folder `slug` instead of to `place`."""
    area, _unused, before = place.partition("/")
    features = "features" if area == "people" else "stranger-features"

    def key(path: str) -> str:
        parts = path.split("/")
        if parts[:2] == [area, before]:
            parts[1] = slug
        elif parts[0] == features and parts[2:3] == [before]:
            parts[2] = slug
        return "/".join(parts)

    moved = dict(body)
    moved["steps"] = [[key(source), key(target), opt] for source, target, opt in body["steps"]]
    moved["names"] = [[slug if own == before else own, name] for own, name in body["names"]]
    moved["people"] = {key(each): id for each, id in body["people"].items()}
    if area == "people" and isinstance(body.get("split"), dict) and body["split"]:
        entries = dict(body["split"]["people"])
        if before in entries:
            entries[slug] = entries.pop(before)
        moved["split"] = {**body["split"], "people": entries}
    return moved


class Plan:
    """What would be where after the steps so far, without doing them."""

    def __init__(self) -> None:
        self._came: dict[str, tuple[int, str]] = {}
        self._left: dict[str, int] = {}
        self._steps = 0

    def add(self, source: str, target: str) -> None:
        """Take the next step."""
        self._steps += 1
        self._left[source] = self._steps
        self._came[target] = self._steps, source

    def has(self, path: str) -> bool:
        """Whether something is at `path`: followed back step by step to what is on disk now."""
        before = self._steps + 1
        while True:
            newest, origin, place = 0, "", path
            while place not in ("/", ""):
                step, source = self._came.get(place, (0, ""))
                if newest < step < before:
                    newest, origin = step, source + path[len(place) :]
                left = self._left.get(place, 0)
                if newest < left < before:
                    newest, origin = left, ""
                place = place.rpartition("/")[0]
            if not newest:
                return os.path.lexists(path)
            if not origin:
                return False
            path, before = origin, newest
