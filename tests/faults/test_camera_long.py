"""The long watch, short; and that it would notice what it is there to notice."""

from __future__ import annotations

import numpy as np
import pytest

from tests.faults.long_watch import faults, long_watch
from tests.faults.samples import Course, course

NOISE = np.random.default_rng(1).normal(0, 1, 200)


def grown(name: str, values: np.ndarray) -> list[str]:
    return faults({name: course([float(value) for value in values])})


def test_noise_around_a_level_is_flat() -> None:
    assert grown("model memory", 500 + NOISE) == []
    assert grown("camera handles", np.where(NOISE > 2, 6, 5)) == []
    assert grown("lag ms", 40 + 5 * NOISE) == []


def test_a_step_during_the_warm_up_is_no_growth() -> None:
    assert grown("model memory", np.where(np.arange(200) < 40, 400, 500) + NOISE) == []


@pytest.mark.parametrize(
    ("name", "a_sample"),
    [
        ("model memory", 0.2),
        ("ui handles", 0.02),
        ("camera threads", 0.02),
        ("lag ms", 1.0),
        ("messages queued", 0.1),
        ("events queued", 0.1),
        ("logs KiB", 1.0),
    ],
)
def test_what_grows_steadily_is_found(name: str, a_sample: float) -> None:
    values = 100 + np.floor(a_sample * np.arange(200))
    assert [fault.startswith(name) for fault in grown(name, values)] == [True]


def test_the_course_of_a_figure_is_that_of_the_line_through_it() -> None:
    assert course([9.0, *range(3)], warm=0.25) == Course(0, 2, 0, 2, 2.0)


@pytest.mark.long
def test_a_moment_of_recognition_leaves_handles_threads_and_queues_as_they_were() -> None:
    """Real processes and the real app; memory needs the long run to be judged."""
    figures, courses, _wrong = long_watch(hours=1, minutes=0.15, every=0.5, pictures=2, fps=40)
    assert faults(courses, but=("memory", "ms")) == []
    assert figures["decisions"]["known"] + figures["decisions"]["unsure"] > 0
    assert courses["camera memory"].highest < 400
