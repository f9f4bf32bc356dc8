"""Who stands for strangers, and who counts as one person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.contract.errors import DataError, NoPictures
from engine.contract.events_base import grouped
from engine.evaluate.pictures import Photographs
from engine.evaluate.probes import left_out, stranger_files, strangers_in, together
from tests.evaluate.made_up import probes, strangers


def pictures(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


def faces_in(*places: int, of: int) -> Photographs:
    """Photographs, of which those at these places only show a face."""
    missed = tuple(place for place in range(of) if place not in places)
    rows = np.zeros((len(places), 4), np.float32)
    return Photographs(rows, None, np.array(places, np.intp), missed)


def test_a_folder_is_one_stranger_and_so_is_a_loose_picture(tmp_path: Path) -> None:
    found = stranger_files(pictures(tmp_path, "x/1.jpg", "x/2.jpg", "a.jpg", "b.jpg"))
    assert [file.name for file in found.files] == ["a.jpg", "b.jpg", "1.jpg", "2.jpg"]
    assert found.labels == (0, 1, 2, 2)


def test_a_missing_folder_is_a_fault_of_the_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="strangers"):
        stranger_files(tmp_path / "absent")


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoPictures):
        stranger_files(tmp_path)


def test_a_stranger_without_any_face_does_not_count_as_a_person(tmp_path: Path) -> None:
    files = stranger_files(pictures(tmp_path, "a.jpg", "b.jpg", "c/1.jpg", "c/2.jpg"))
    groups, warnings = strangers_in(files, faces_in(0, 2, 3, of=4))
    assert groups.tolist() == [0, 1, 1]
    assert grouped(warnings) == ("1 of 4 strangers' pictures show no face: left out.",)


def test_a_stranger_s_picture_that_cannot_be_read_is_told_apart(tmp_path: Path) -> None:
    files = stranger_files(pictures(tmp_path, "a.jpg", "b.jpg"))
    _groups, warnings = strangers_in(files, replace(faces_in(0, of=1), unread=(1,)))
    assert grouped(warnings) == ("1 of 2 strangers' pictures cannot be read: left out.",)


def test_strangers_without_a_single_face_are_refused(tmp_path: Path) -> None:
    files = stranger_files(pictures(tmp_path, "a.jpg"))
    with pytest.raises(NoPictures, match="no face"):
        strangers_in(files, faces_in(of=1))


def test_left_out_everybody_is_a_stranger_to_the_others() -> None:
    found = left_out(probes([[0.9, 0.2], [0.1, 0.8], [0.7, 0.3]], [0, 1, 0]), 2)
    assert found is not None
    assert found.searches.candidates.tolist() == [1, 0, 1]
    assert found.searches.best.tolist() == pytest.approx([0.2, 0.1, 0.3])
    assert found.count == 2


def test_one_stranger_of_the_operator_s_own_takes_nobody_s_place() -> None:
    own = strangers([0.4, 0.2], [0, 0])
    stand_ins = left_out(probes([[0.9, 0.2], [0.1, 0.8], [0.7, 0.3]], [0, 1, 0]), 2)
    found, source = together(own, stand_ins)
    assert found is not None
    assert (found.count, found.own, len(found.searches), source) == (3, 1, 5, "own_and_left_out")
    assert found.people.tolist() == [0, 0, 1, 2, 1]
    assert found.searches.best.tolist() == pytest.approx([0.4, 0.2, 0.2, 0.1, 0.3])


def test_whoever_is_there_is_searched_alone() -> None:
    own = strangers([0.4], [0])
    assert together(own, None) == (own, "own")
    assert together(None, own) == (own, "left_out")
    assert together(None, None) == (None, "none")


def test_one_enrolled_person_alone_cannot_stand_for_strangers() -> None:
    assert left_out(probes([[0.9]], [0]), 1) is None


def test_a_link_out_of_the_folder_is_left_out_and_said(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "in", "a.jpg", "b.jpg")
    (tmp_path / "secret.jpg").write_bytes(b"")
    (folder / "c.jpg").symlink_to(tmp_path / "secret.jpg")
    files = stranger_files(folder)
    assert [file.name for file in files.files] == ["a.jpg", "b.jpg"]
    assert grouped(files.warnings) == ("c.jpg leads out of the folder and was left out",)
