"""Features of a folder of photographs, one sub-folder a person, kept so that a rerun resumes.

For fitting and reporting on a face space only; an operator's own pictures have `FeatureCache`.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.contract.errors import DataError, ModelCorrupt, NoPictures
from engine.faces.align import Face
from engine.faces.detect import FaceFinder
from engine.model.arrays import unpack
from engine.model.backbones import Together, extractor_of, networks_of
from engine.model.feature_store import augment_view
from engine.model.vectors import Float32, Labels
from engine.pictures import read_photograph
from engine.settings import BackboneName, DetectionSettings
from engine.workspace.files import read_bytes, write_bytes

if TYPE_CHECKING:
    from engine.model.vgg16 import Extracts

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
TOGETHER = 64
"""Crops sent through the network at once: people have too few pictures each to fill a batch."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Copies:
    """So many changed copies of each crop, and how they are made.

    `make` takes the picture (BGR), the face, the file's name and `count`, and yields crops;
    `name` tells its copies from those of other makers.
    """

    name: str
    count: int
    make: Callable[[NDArray[np.uint8], Face, str, int], Iterable[NDArray[np.uint8]]]


@dataclass(frozen=True, slots=True, eq=False)
class PeopleFeatures:
    """Features (n, k) float32 of the pictures that show a face, people by name.

    `people` (n,) are labels into `names`; `order` (n,) is each picture's place among all the
    person's pictures by file name, counting those in which no face was found, which are listed
    in `missed` as (label, order). `copies` (n, count, k) are features of changed copies of the
    crops, see `Copies`.
    """

    features: Float32
    copies: Float32
    people: Labels
    order: Labels
    names: tuple[str, ...]
    missed: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class _Person:
    """One person on the way: which pictures showed a face, and their features."""

    files: tuple[Path, ...]
    kept: list[int] = field(default_factory=list)
    crops: list[NDArray[np.uint8]] = field(default_factory=list)
    """Of each kept picture the crop, then its copies."""


def load_extractor(name: BackboneName) -> Extracts:
    """A backbone's extractor alone. Raises BackboneMissing."""
    parts = [extractor_of(row.name, "auto") for row in networks_of(name)]
    return Together(parts) if len(parts) > 1 else parts[0]


class PeopleReader:
    """Reads folders of people through one finder and one extractor, caching under `work`."""

    def __init__(
        self,
        work: Path,
        extractor: Extracts,
        finder: FaceFinder | None = None,
        copies: Copies | None = None,
    ) -> None:
        self._work = work
        self._extractor = extractor
        self._copies = copies
        self._finder = finder or FaceFinder(DetectionSettings())

    def read(
        self,
        folder: Path,
        least: int = 1,
        most: int | None = None,
        report: Report = lambda line: None,
    ) -> PeopleFeatures:
        """Every person of `folder` with at least `least` pictures that show a face.

        At most the first `most` pictures a person are looked at. What was computed before is
        read from the work folder; a killed run loses at most one batch. Raises NoPictures.
        """
        people = _listing(folder, most)
        if not people:
            raise NoPictures(
                "There are no pictures",
                f"{folder} holds no folder with pictures",
                "Name a folder with one sub-folder a person.",
            )
        self._compute(folder, people, report)
        names: list[str] = []
        missed: list[tuple[int, int]] = []
        features, copies, labels, orders = [], [], [], []
        for name, files in people.items():
            kept, rows = self._cached(folder, name, files) or ((), None)
            if rows is None or len(kept) < least:
                continue
            label = len(names)
            names.append(name)
            features.append(rows[:, 0])
            copies.append(rows[:, 1:])
            labels.append(np.full(len(kept), label))
            orders.append(np.asarray(kept, np.int64))
            missed.extend((label, place) for place in range(len(files)) if place not in kept)
        if not names:
            raise NoPictures(
                "No face was found",
                f"in none of the pictures of {folder}",
            )
        return PeopleFeatures(
            np.concatenate(features).astype(np.float32),
            np.concatenate(copies).astype(np.float32),
            np.concatenate(labels),
            np.concatenate(orders),
            tuple(names),
            tuple(missed),
        )

    def _compute(self, folder: Path, people: dict[str, tuple[Path, ...]], report: Report) -> None:
        """Fill the cache for all `people`, several at once through the network."""
        total = sum(map(len, people.values()))
        done = 0
        waiting: dict[str, _Person] = {}
        for name, files in people.items():
            done += len(files)
            if self._cached(folder, name, files) is not None:
                continue
            waiting[name] = self._look(files)
            if sum(len(each.crops) for each in waiting.values()) >= TOGETHER:
                self._store(folder, waiting)
                waiting = {}
                report(f"features: picture {done} of {total}")
        self._store(folder, waiting)
        report(f"features: {total} of {total} pictures ready")

    def _look(self, files: Sequence[Path]) -> _Person:
        """Crop the most central face of each file; unreadable and faceless ones are left out."""
        person = _Person(tuple(files))
        for place, file in enumerate(files):
            try:
                image = read_photograph(file)
            except DataError:
                continue
            faces = self._finder.find_in_photograph(image)
            if faces:
                person.kept.append(place)
                person.crops.append(faces[0].crop)
                if self._copies is not None:
                    made = self._copies.make(image, faces[0], file.name, self._copies.count)
                    person.crops.extend(made)
        return person

    def _store(self, folder: Path, waiting: dict[str, _Person]) -> None:
        crops = [crop for person in waiting.values() for crop in person.crops]
        rows: Iterator[NDArray[np.float32]] = iter(())
        if crops:
            rows = iter(self._extractor.extract(np.stack(crops)))
        for name, person in waiting.items():
            features = np.array([next(rows) for _ in person.crops], np.float16)
            buffer = io.BytesIO()
            np.savez(
                buffer,
                key=np.array(self._key(person.files)),
                kept=np.array(person.kept, np.int64),
                # float16 keeps 11 bits: less than a thousandth of the value, and half the disk.
                # Axes: picture, crop and copies, value.
                features=features.reshape(len(person.kept), 1 + self._count, -1)
                if person.kept
                else np.empty((0, 0, 0)),
            )
            write_bytes(self._file(folder, name), buffer.getvalue())

    def _cached(
        self, folder: Path, name: str, files: Sequence[Path]
    ) -> tuple[tuple[int, ...], NDArray[np.float16]] | None:
        """Kept places and features of one person, if they were computed from these files."""
        try:
            arrays = unpack(read_bytes(self._file(folder, name)), name)
            if str(arrays["key"]) == self._key(files):
                return tuple(int(k) for k in arrays["kept"]), arrays["features"]
        except (OSError, DataError, ModelCorrupt, ValueError, KeyError, TypeError):
            pass
        return None

    def _key(self, files: Sequence[Path]) -> str:
        """What the features depend on, but for the code that finds and aligns faces."""
        listing = "\n".join(f"{file.name} {file.stat().st_size}" for file in files)
        made = "copies" if self._copies is None else self._copies.name
        text = f"{self._extractor.digest}\n{self._count} {made}\n{listing}"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def _count(self) -> int:
        return 0 if self._copies is None else self._copies.count

    def _file(self, folder: Path, name: str) -> Path:
        kind = f".{self._copies.name}" if self._copies is not None else ""
        return self._work / folder.resolve().name / f"{name}{kind}.npz"


def trained_views(
    image: NDArray[np.uint8], face: Face, name: str, count: int
) -> Iterator[NDArray[np.uint8]]:
    """The augmented views that training takes of a crop, so that a report enrols as it does."""
    return (augment_view(face.crop, view, seed=1) for view in range(1, count + 1))


def _listing(folder: Path, most: int | None) -> dict[str, tuple[Path, ...]]:
    """Pictures of each sub-folder of `folder`, both in the order of their names."""
    if not folder.is_dir():
        return {}
    people = {}
    for person in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(file for file in person.iterdir() if file.suffix.lower() in SUFFIXES)
        if files:
            people[person.name] = tuple(files[:most])
    return people
