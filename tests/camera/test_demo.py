from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.camera.demo import (
    FPS,
    PORTRAITS,
    ROUND,
    DemoSource,
    LivingFace,
    portrait_file,
)
from engine.camera.demo import HeadPath as ViewPath
from engine.camera.open import open_source
from engine.camera.opencv import cv2
from engine.contract.errors import SourceNotFound
from engine.pictures import read_photograph
from engine.settings import CameraSettings

README = Path(__file__).parents[2] / "data" / "demo" / "README.md"


@pytest.mark.parametrize("name", PORTRAITS)
def test_the_portraits_are_those_of_the_readme(name: str) -> None:
    digest = hashlib.sha256(portrait_file(name).read_bytes()).hexdigest()
    assert digest in README.read_text()


def test_the_virtual_camera_is_labelled_as_a_demo() -> None:
    info = open_source("demo:collins", CameraSettings()).info
    assert (info.kind, info.demo, info.live, info.width, info.height, info.fps) == (
        "demo",
        True,
        True,
        640,
        480,
        30.0,
    )
    assert info.detail == "portrait of Eileen Collins"


def test_the_same_seed_gives_the_same_frames_again() -> None:
    first, again = DemoSource("demo:hopper?seed=5"), DemoSource("demo:hopper?seed=5")
    for number in (0, 17, 200):
        assert np.array_equal(first.render(number), again.render(number))


def test_another_seed_gives_another_path() -> None:
    one, other = DemoSource("demo:hopper?seed=1"), DemoSource("demo:hopper?seed=2")
    assert np.abs(one.render(40).astype(int) - other.render(40)).mean() > 5


def test_it_ends_after_the_frames_that_were_asked_for() -> None:
    source = DemoSource("demo:collins?frames=3&seed=2")
    frames = list(iter(source.read, None))
    assert [frame.sequence for frame in frames] == [0, 1, 2]
    assert [frame.seconds for frame in frames] == pytest.approx([0, 1 / FPS, 2 / FPS])


@pytest.mark.parametrize("text", ["demo:", "demo:turing", "demo:Collins"])
def test_an_unknown_demo_names_those_there_are(text: str) -> None:
    with pytest.raises(SourceNotFound) as caught:
        open_source(text, CameraSettings())
    assert "demo:collins, demo:hopper" in caught.value.hint


@pytest.mark.parametrize("query", ["speed=3", "seed=x", "frames=-1", "seed="])
def test_an_unknown_option_is_refused(query: str) -> None:
    with pytest.raises(SourceNotFound, match="option"):
        open_source(f"demo:collins?{query}", CameraSettings())


def test_each_round_holds_each_mishap_and_is_mostly_good() -> None:
    for seed in range(5):
        path = ViewPath(seed)
        for begin in (0, ROUND):
            seen = Counter(path.view(begin + k).mishap for k in range(ROUND))
            assert set(seen) == {None, "dark", "blurred", "away", "dropout"}
            assert seen[None] > 0.8 * ROUND


@pytest.mark.parametrize("name", PORTRAITS)
def test_the_face_is_found_in_good_frames_and_gone_when_away(name: str) -> None:
    finder = cv2.CascadeClassifier(
        str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml")
    )
    source, path = DemoSource(f"demo:{name}"), ViewPath(1)

    def faces(sequence: int) -> int:
        grey = cv2.cvtColor(source.render(sequence), cv2.COLOR_BGR2GRAY)
        return len(finder.detectMultiScale(grey, 1.15, 5, minSize=(80, 80)))

    views = {k: path.view(k) for k in range(ROUND)}
    good = [k for k in views if views[k].mishap is None][::24]
    away = [k for k in views if views[k].mishap == "away"][8:12]
    assert np.mean([faces(k) >= 1 for k in good]) >= 0.95
    assert all(faces(k) == 0 for k in away)


@pytest.mark.parametrize("name", PORTRAITS)
def test_each_expression_changes_the_face_and_leaves_its_surroundings(name: str) -> None:
    still = dict.fromkeys(("turn", "nod", "smile", "talk", "brow", "blink", "side", "top"), 0.0)
    portrait = read_photograph(portrait_file(name))
    face = LivingFace(portrait, PORTRAITS[name])
    view = replace(ViewPath(1).view(0), **still)
    plain = face.shown(view).astype(int)
    height, width = plain.shape[:2]
    assert np.array_equal(plain, portrait[face.top :, face.left :][:height, :width])
    for what in still:
        moved = np.abs(face.shown(replace(view, **{what: 1.0})) - plain)
        assert moved.max() > 25, what
        edges = np.concatenate([moved[:, :3].ravel(), moved[:, -3:].ravel(), moved[-3:].ravel()])
        assert np.percentile(edges, 99) <= 6, what


def test_dark_and_blurred_frames_really_are() -> None:
    source, path = DemoSource("demo:collins"), ViewPath(1)
    views = {k: path.view(k) for k in range(ROUND)}
    middle = {
        kind: [k for k in views if views[k].mishap == kind][7] for kind in ("dark", "blurred")
    }
    plain = source.render(0)
    assert source.render(middle["dark"]).mean() < 0.45 * plain.mean()
    sharpness = [
        cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.CV_32F).var()
        for image in (source.render(middle["blurred"]), plain)
    ]
    assert sharpness[0] < 0.2 * sharpness[1]
