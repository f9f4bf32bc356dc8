"""What is said of pictures that no camera in order sends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.camera.picture_watch import BLANK_AFTER, STILL_AFTER, PictureWatch
from engine.camera.source import Frame
from engine.contract import PictureDoubted

RATE = 10
Picture = NDArray[np.uint8]


def scene(number: int) -> Picture:
    """A picture with something in it and a sensor's noise."""
    chance = np.random.default_rng(number)
    ramp = np.linspace(30, 220, 160)[None, :, None].repeat(120, 0).repeat(3, 2)
    return (ramp + chance.normal(0, 2, ramp.shape)).clip(0, 255).astype(np.uint8)


def dark(number: int) -> Picture:
    """A lens cap, seen with much gain."""
    chance = np.random.default_rng(number)
    return chance.normal(9, 6, (120, 160, 3)).clip(0, 255).astype(np.uint8)


def said(*parts: tuple[Callable[[int], Picture], float]) -> list[tuple[float, str, bool]]:
    """When, what and whether it is over, of pictures at RATE a second."""
    watch, told, number = PictureWatch(), [], 0
    for picture, seconds in parts:
        for _ in range(round(seconds * RATE)):
            frame = Frame(picture(number), number, 100 + number / RATE, "camera")
            told += [(number / RATE, e.trouble, e.over) for e in watch.take(frame)]
            number += 1
    return told


def test_a_camera_in_order_is_not_talked_about() -> None:
    assert said((scene, 20)) == []


def test_the_very_same_picture_is_called_still_once_and_its_end_too() -> None:
    frozen = scene(0)
    told = said((scene, 1), (lambda n: frozen, 10), (scene, 1))
    assert [(what, over) for _, what, over in told] == [("still", False), ("still", True)]
    assert told[0][0] <= 1 + STILL_AFTER + 1 / RATE
    assert told[1][0] == 11


def test_a_wall_with_a_sensors_noise_is_not_still() -> None:
    assert said((lambda n: scene(n), 30)) == []


def test_a_lens_cap_is_called_black_in_spite_of_its_noise() -> None:
    told = said((scene, 1), (dark, 5), (scene, 1))
    assert [(what, over) for _, what, over in told] == [("blank", False), ("blank", True)]
    assert told[0][0] <= 1 + BLANK_AFTER + 1 / RATE


def test_a_black_picture_without_noise_is_called_black_and_not_still() -> None:
    black = np.zeros((120, 160, 3), np.uint8)
    assert [what for _, what, _ in said((scene, 1), (lambda n: black, 9))] == ["blank"]


def test_nobody_is_to_be_named_from_a_still_or_black_and_still_picture() -> None:
    for picture in (scene(0), np.zeros((120, 160, 3), np.uint8)):
        watch = PictureWatch()
        states = []
        for number in range(60):
            watch.take(Frame(picture, number, number / RATE, "camera"))
            states.append(watch.still)
        assert states[0] is False
        assert states[-1] is True


def test_the_words_say_black_or_another_colour() -> None:
    for level, word in ((0, "black"), (160, "even surface")):
        watch = PictureWatch()
        told: list[PictureDoubted] = []
        for number in range(40):
            image = np.full((120, 160, 3), level, np.uint8)
            told += watch.take(Frame(image, number, number / RATE, "camera"))
        assert word in told[0].text


def test_another_size_is_said_each_time() -> None:
    small = np.ascontiguousarray(scene(0)[:60, :80])
    told = said((scene, 1), (lambda n: small + np.uint8(n % 5), 1), (scene, 1))
    assert [what for _, what, _ in told] == ["size", "size"]
