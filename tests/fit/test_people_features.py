"""Reading folders of people: what is kept, what is left out, and going on after a stop."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.contract.errors import NoPictures
from fit.people_features import Copies, PeopleFeatures, PeopleReader, trained_views

pytestmark = pytest.mark.shared


@dataclass
class MeanColours:
    """An extractor of eight mean values a crop that counts the crops; VGG16 is tested elsewhere."""

    digest: str = "means"
    crops: int = 0

    def extract(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.crops += len(crops)
        return crops.reshape(len(crops), 8, -1).mean(2, dtype=np.float32)


@pytest.fixture
def folder(lfw: Path, tmp_path: Path) -> Path:
    """Two people with three photographs each, in whose names the order is seen."""
    root = tmp_path / "people"
    for person in sorted((lfw / "known").iterdir())[:2]:
        (root / person.name).mkdir(parents=True)
        for file in sorted(person.iterdir())[:3]:
            shutil.copyfile(file, root / person.name / file.name)
    return root


def read(folder: Path, tmp_path: Path, extractor: MeanColours, **options: int) -> PeopleFeatures:
    return PeopleReader(tmp_path / "work", extractor).read(folder, **options)


def test_people_and_pictures_come_in_the_order_of_their_names(folder: Path, tmp_path: Path) -> None:
    found = read(folder, tmp_path, MeanColours())
    assert found.names == tuple(sorted(path.name for path in folder.iterdir()))
    assert found.people.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.order.tolist() == [0, 1, 2, 0, 1, 2]
    assert found.features.shape == (6, 8)
    assert found.features.dtype == np.float32
    assert len(np.unique(found.features, axis=0)) == 6
    assert found.missed == ()


def test_copies_stand_beside_their_crop_and_are_kept_apart(folder: Path, tmp_path: Path) -> None:
    copies = Copies("views", 2, trained_views)
    extractor = MeanColours()
    found = PeopleReader(tmp_path / "work", extractor, copies=copies).read(folder)
    assert extractor.crops == 3 * 6
    assert found.copies.shape == (6, 2, 8)
    plain = read(folder, tmp_path, extractor)
    assert plain.copies.shape == (6, 0, 8)
    np.testing.assert_array_equal(found.features, plain.features)
    again = PeopleReader(tmp_path / "work", extractor, copies=copies).read(folder)
    np.testing.assert_array_equal(found.copies, again.copies)
    assert extractor.crops == 4 * 6


def test_a_second_run_computes_nothing_again(folder: Path, tmp_path: Path) -> None:
    first = read(folder, tmp_path, MeanColours())
    extractor = MeanColours()
    again = read(folder, tmp_path, extractor)
    assert extractor.crops == 0
    assert np.array_equal(again.features, first.features)


def test_a_run_that_was_killed_goes_on_with_the_rest(folder: Path, tmp_path: Path) -> None:
    read(folder, tmp_path, MeanColours())
    work = sorted((tmp_path / "work" / "people").iterdir())
    work[0].write_bytes(work[0].read_bytes()[:100])  # killed while writing, on a poor disk
    extractor = MeanColours()
    assert len(read(folder, tmp_path, extractor).people) == 6
    assert extractor.crops == 3


def test_features_of_another_extractor_are_not_taken(folder: Path, tmp_path: Path) -> None:
    read(folder, tmp_path, MeanColours())
    other = MeanColours(digest="other")
    read(folder, tmp_path, other)
    assert other.crops == 6


def test_a_new_picture_brings_its_person_up_to_date(folder: Path, tmp_path: Path) -> None:
    read(folder, tmp_path, MeanColours())
    person = sorted(folder.iterdir())[1]
    shutil.copyfile(sorted(person.iterdir())[0], person / "zzz.jpg")
    extractor = MeanColours()
    assert len(read(folder, tmp_path, extractor).people) == 7
    assert extractor.crops == 4


def test_pictures_without_a_face_and_broken_ones_are_left_out_and_named(
    folder: Path, tmp_path: Path
) -> None:
    person = sorted(folder.iterdir())[0]
    files = sorted(person.iterdir())
    files[0].write_bytes(b"not a picture")
    import cv2

    cv2.imwrite(str(files[1]), np.full((250, 250, 3), 128, np.uint8))
    found = read(folder, tmp_path, MeanColours())
    assert found.missed == ((0, 0), (0, 1))
    assert found.order.tolist() == [2, 0, 1, 2]


def test_people_with_too_few_pictures_are_left_out(folder: Path, tmp_path: Path) -> None:
    first, second = sorted(folder.iterdir())
    for file in sorted(first.iterdir())[1:]:
        file.unlink()
    found = read(folder, tmp_path, MeanColours(), least=2)
    assert found.names == (second.name,)
    assert set(found.people.tolist()) == {0}


def test_only_the_first_pictures_are_read_if_so_asked(folder: Path, tmp_path: Path) -> None:
    assert len(read(folder, tmp_path, MeanColours(), most=2).people) == 4


def test_a_person_without_any_face_is_left_out(folder: Path, tmp_path: Path) -> None:
    first, second = sorted(folder.iterdir())
    for file in first.iterdir():
        file.write_bytes(b"not a picture")
    assert read(folder, tmp_path, MeanColours()).names == (second.name,)
    again = MeanColours()
    assert read(folder, tmp_path, again).names == (second.name,)
    assert again.crops == 0


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_without_pictures_is_a_typed_error(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "empty" / "nobody").mkdir(parents=True)
    with pytest.raises(NoPictures):
        read(tmp_path / "empty", tmp_path, MeanColours())
