"""What a model is: the draft that training hands over, its description, and the loaded model.

Importing this needs neither numpy nor TensorFlow. `details["trained_on"]` of a model is {identity:
{session: "1-28,35-40"}}, numbers of picture files: its figures are not measured on these.
`details["enrolled_on"]` lists all that the centres in use are made of.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import metadata
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from engine.contract.errors import ModelCorrupt
from engine.dataset.split import Split
from engine.people.person import is_slug
from engine.workspace.identity import PARTS, before

if TYPE_CHECKING:
    from numpy.typing import NDArray


FORMAT = 1
LONGEST_TEXT = 1000
"""Characters of a text in a model's files beyond which it is none of ours."""
LARGEST_SCORE = 2.0
"""A score is a cosine less means of cosines: no threshold lies beyond this."""


Label = tuple[str, str, str]
"""Identity, name and revision of a person when the model was trained."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ModelDraft:
    """Everything a training run hands over to be kept.

    `centres` (n, d) float32 of unit length, row i belonging to `people[i]`; `judged` the same of
    the training part alone, which held-out pictures may be searched with; `arrays` what else
    the recipe needs to be rebuilt; `details` further plain JSON for model.json (counts per
    part, split seed and mode, preprocessing, versions, extractor and space digests, history).
    """

    recipe: str
    people: Sequence[Label]
    centres: NDArray[Any]
    judged: NDArray[Any] | None = None
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    epochs: int = 0
    best_epoch: int = 0
    threshold: float | None = None
    calibration: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """What is known of a model without loading its arrays.

    `created` is ISO 8601 UTC. `previous` is the model in use when this one was saved.
    `damaged` is empty, or why the description cannot be read (then the rest is blank).
    """

    id: str
    recipe: str = ""
    created: str = ""
    people: tuple[Label, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    epochs: int = 0
    best_epoch: int = 0
    threshold: float | None = None
    calibration: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    previous: str | None = None
    current: bool = False
    damaged: str = ""

    @property
    def aside(self) -> str:
        """Why the model was kept aside when it was trained; empty if it was put in use."""
        gate = self.details.get("gate")
        if not isinstance(gate, Mapping) or gate.get("promote", True):
            return ""
        return str(gate.get("sentence") or "It was kept aside.")


@dataclass(frozen=True, slots=True, eq=False)
class StoredModel:
    """A verified model. `arrays` are the recipe's own; `labels[i]` names row i of `centres`.

    Names are those at training time; look a person up by identity for the present one, so that a
    rename needs no training.
    """

    info: ModelInfo
    centres: NDArray[Any]
    arrays: Mapping[str, NDArray[Any]]
    judged: NDArray[Any] | None = None

    def as_judged(self) -> StoredModel:
        """The model as its figures were taken: made of the training part alone.

        An older model is its own.
        """
        calibration = self.info.details.get("judged")
        if self.judged is None or not isinstance(calibration, Mapping):
            return self
        info = replace(self.info, calibration=dict(calibration))
        return StoredModel(info, self.judged, self.arrays)

    @property
    def labels(self) -> tuple[Label, ...]:
        """Identity, name and revision of each row of `centres`."""
        return self.info.people


def all_arrays(draft: ModelDraft) -> dict[str, NDArray[Any]]:
    """What head.npz holds. Raises ValueError if a name is taken twice."""
    own = {"centres": draft.centres}
    if draft.judged is not None:
        own["judged"] = draft.judged
    if own.keys() & draft.arrays.keys():
        raise ValueError("`centres` and `judged` may not be among the recipe's arrays")
    return {**own, **draft.arrays}


def describe(
    draft: ModelDraft, identity: str, created: str, previous: str | None
) -> dict[str, Any]:
    """The contents of model.json for a draft."""
    arrays = all_arrays(draft)
    return {
        "format": FORMAT,
        "id": identity,
        "recipe": draft.recipe,
        "created": created,
        "metrics": dict(draft.metrics),
        "epochs": draft.epochs,
        "best_epoch": draft.best_epoch,
        "threshold": draft.threshold,
        "calibration": dict(draft.calibration),
        "previous": previous,
        "arrays": {n: {"dtype": a.dtype.str, "shape": a.shape} for n, a in arrays.items()},
        "details": dict(draft.details),
    }


def parse_info(
    identity: str, description: Mapping[str, Any], labels: Sequence[Any], current: bool
) -> ModelInfo:
    """The reverse, with labels.json, every type and range looked at: who lists models reads files
    that were not compared with their digests. Raises KeyError, TypeError, ValueError or
    AttributeError if malformed.
    """
    if description["format"] != FORMAT or description["id"] != identity:
        raise ValueError("model.json belongs to another model or a newer Facedesk")
    people = tuple(map(_label, labels))
    if len({id for id, _name, _revision in people}) < len(people):
        raise ValueError("somebody is in it twice")
    epochs, best = description["epochs"], description["best_epoch"]
    if not (type(epochs) is type(best) is int and 0 <= best <= epochs):
        raise ValueError("its epochs are none")
    threshold = description["threshold"]
    if threshold is not None and not abs(_number(threshold)) <= LARGEST_SCORE:
        raise ValueError("its threshold is no score")
    metrics = description["metrics"].items()
    return ModelInfo(
        id=identity,
        recipe=_text(description["recipe"]),
        created=_text(description["created"]),
        people=people,
        metrics={n: math.nan if v is None else _number(v) for n, v in metrics},
        epochs=epochs,
        best_epoch=best,
        threshold=None if threshold is None else _number(threshold),
        calibration=_mapping(description["calibration"]),
        details=_mapping(description["details"]),
        previous=None if description["previous"] is None else _text(description["previous"]),
        current=current,
    )


def _label(person: Mapping[str, Any]) -> Label:
    # Format 1 of the workspace named folders, and no writer was here since.
    id = _text(person["id"]) if "id" in person else before(_text(person["slug"]))
    if not is_slug(id.removeprefix("?")):
        raise ValueError(f"{id[:60]!r} is no person's identity")
    return id, _text(person["name"]), _text(person["revision"])


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise TypeError(f"{value!r:.60} is no text")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError(f"{value!r:.60} is no number")
    return float(value)


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{value!r:.60} is no record")
    return dict(value)


def wrong_centres(people: int, *several: NDArray[Any] | None) -> str:
    """Why one of these, None left out, is not the centres of so many people; empty if all are."""
    import numpy as np

    for centres in several:
        if centres is None:
            continue
        if centres.dtype != np.float32 or centres.ndim != 2 or len(centres) != people:
            found = f"{centres.dtype} {centres.shape}"
            return f"centres are {found}, not float32 ({people}, dimensions)"
        off = np.abs(np.linalg.norm(centres, axis=1) - 1)
        if not people or not (off <= 0.01).all():  # what is no number is not either
            return "the centres are not unit vectors"
    return ""


Record = Mapping[str, Mapping[str, str]]
"""Identity to session to numbers of pictures."""

_NUMBERED = re.compile(r"([0-9]{4,6})\.png")
_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")
_ODD = "="
"""Begins a file name that is no number; it cannot begin a range."""


def pictures_of(
    split: Split, names: Sequence[str], ids: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """The parts `names` of `split` as a record; `ids` maps its folders to whose they are."""
    record: dict[str, dict[str, str]] = {}
    for slug in split.people:
        sessions: dict[str, list[str]] = {}
        for picture in split.pictures(slug, names):
            session, _unused, file = picture.partition("/")
            sessions.setdefault(session, []).append(file)
        record[ids[slug]] = {session: encode(files) for session, files in sessions.items()}
    return record


def contains(record: Record, id: str, session: str, file: str) -> bool:
    """Whether this picture is in the record. Raises ValueError for a damaged record."""
    return file in decode(record.get(id, {}).get(session, ""))


def trained_on(info: ModelInfo) -> frozenset[tuple[str, str]] | None:
    """The pictures, (identity, "<session>/<file>"), that a model was trained on.

    None if it does not say, as older ones do not. Raises ModelCorrupt if malformed.
    """
    record = info.details.get("trained_on")
    if record is None:
        return None
    try:
        return frozenset(
            (id, f"{session}/{file}")
            for id, sessions in record.items()
            for session, text in sessions.items()
            for file in decode(text)
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise ModelCorrupt(
            "The model is damaged", f"{info.id}: trained_on: {error}", "Train again."
        ) from error


def encode(files: Iterable[str]) -> str:
    """File names as ranges of their numbers, others as they are: `1-28,35,=odd%2C1.png`.

    Order and repetitions are lost; `decode` gives back the same set, whatever the names.
    """
    numbers: set[int] = set()
    odd: set[str] = set()
    for file in files:
        found = _NUMBERED.fullmatch(file)
        if found and _name(int(found[1])) == file:
            numbers.add(int(found[1]))
        else:
            odd.add(file)
    ranges = [f"{a}" if a == b else f"{a}-{b}" for a, b in _runs(sorted(numbers))]
    return ",".join(
        ranges + [_ODD + quote(file, safe="", errors="surrogatepass") for file in sorted(odd)]
    )


@lru_cache(maxsize=4096)
def decode(text: str) -> frozenset[str]:
    """The file names that `encode` was given. Raises ValueError if `text` is none of its."""
    files: set[str] = set()
    for part in filter(None, text.split(",")):
        if part.startswith(_ODD):
            files.add(unquote(part[1:], errors="surrogatepass"))
            continue
        found = _RANGE.fullmatch(part)
        if not found:
            raise ValueError(f"{part!r} is no range of pictures")
        first, last = int(found[1]), int(found[2] or found[1])
        files.update(map(_name, range(first, last + 1)))
    return frozenset(files)


def split_digest(split: Split) -> str:
    """SHA-256 of which picture is in which part, whatever the order of people."""
    parts = {slug: {part: list(own[part]) for part in PARTS} for slug, own in split.people.items()}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _name(number: int) -> str:
    return f"{number:04d}.png"


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours in sorted `numbers`."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return runs


PREPROCESSING = (
    "eyes aligned to fixed places in an RGB crop of 160x160; for VGG16's frozen features 128x128; "
    "RGB to BGR, ImageNet means subtracted, no scaling (keras.applications.vgg16.preprocess_input)"
)
PACKAGES = {
    "facedesk": "facedesk",
    "tensorflow": "tensorflow",
    "keras": "keras",
    "openvino": "openvino",
    "opencv": "opencv-python",
    "numpy": "numpy",
}


def versions() -> Mapping[str, str]:
    """Installed version of everything that a model's numbers depend on; `unknown` if not there."""
    found = {}
    for name, package in PACKAGES.items():
        try:
            found[name] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found
