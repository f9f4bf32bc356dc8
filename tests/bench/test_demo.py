from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.bench.material import (
    HEIGHT,
    WIDTH,
    clip,
    clip_of_four,
    crops_of,
    crops_to_measure,
    enrol_made_up,
    workspace_crops,
)
from engine.camera.open import open_source
from engine.camera.source import Frame
from engine.config import load_settings
from engine.contract.errors import NoPictures
from engine.pictures import decode_crop
from engine.workspace.folder import Workspace

SETTINGS = load_settings()


def frames(path: Path) -> list[Frame]:
    source = open_source(str(path), SETTINGS.camera)
    found = []
    while (frame := source.read()) is not None:
        found.append(frame)
    source.close()
    return found


@pytest.mark.parametrize("make", [clip, clip_of_four])
def test_a_clip_has_so_many_frames_of_a_webcams_size(tmp_path: Path, make: object) -> None:
    assert callable(make)
    found = frames(make(tmp_path, SETTINGS, 3))
    assert [frame.image.shape for frame in found] == [(HEIGHT, WIDTH, 3)] * 3


def test_a_clip_is_made_once(tmp_path: Path) -> None:
    before = clip(tmp_path, SETTINGS, 2).stat().st_mtime_ns
    assert clip(tmp_path, SETTINGS, 2).stat().st_mtime_ns == before


def test_crops_are_of_different_frames(tmp_path: Path) -> None:
    crops = crops_to_measure(SETTINGS, None, 4)
    assert crops.shape == (4, 160, 160, 3)
    assert len(np.unique(crops.reshape(4, -1), axis=0)) == 4


def test_the_people_with_most_pictures_are_taken(workspace: Workspace) -> None:
    enrol_made_up(workspace, 0, people=1, pictures=1)
    enrol_made_up(workspace, 1, people=2, pictures=3)
    found = workspace_crops(workspace, 2, 2)
    assert set(found) == {"Made Up 0001", "Made Up 0002"}
    for number, files in enumerate(found.values(), 1):
        np.testing.assert_array_equal([decode_crop(file) for file in files], crops_of(number, 2))


def test_a_workspace_with_too_few_people_is_refused(workspace: Workspace) -> None:
    enrol_made_up(workspace, 0, people=1, pictures=3)
    with pytest.raises(NoPictures):
        workspace_crops(workspace, 2, 2)


def test_few_pictures_of_a_workspace_are_repeated(workspace: Workspace) -> None:
    enrol_made_up(workspace, 0, people=1, pictures=2)
    crops = crops_to_measure(SETTINGS, str(workspace.root), 4)
    np.testing.assert_array_equal(crops, np.concatenate([crops_of(0, 2)] * 2))
