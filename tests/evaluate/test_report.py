"""The report stands alone, is private, and shows names without trusting them."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.cancel import Cancel
from engine.contract import EvaluateDone, Warned
from engine.contract.errors import WorkspaceUnusable
from engine.contract.requests import EvaluateRequest
from engine.evaluate.plots import confusion_plot, det_plot, histogram_plot
from engine.evaluate.report import REPORT, render, write_report
from engine.jobs.evaluate import evaluate
from engine.settings import Settings
from engine.workspace.folder import Workspace

EVIL = '<script>alert("x")</script>'
SAMPLES = {
    "own": np.linspace(0.2, 0.6, 40),
    "other": np.linspace(-0.1, 0.2, 40),
    "stranger": np.linspace(-0.2, 0.1, 30),
}


def evaluation(**more: object) -> EvaluateDone:
    given: dict[str, object] = {
        "model": "m1", "recipe": "head", "people": (EVIL, "Bert"), "probes": 20, "missed": 1,
        "strangers": 30, "stranger_people": 10, "strangers_from": "folder", "fpir": 0.01,
        "threshold": 0.25, "rank1": 0.9, "tpir": {"0.05": 0.8}, "fpir_at_threshold": 0.0,
        "tpir_at_threshold": 0.7, "intervals": {"rank1": (0.7, 0.98)},
        "per_person": {EVIL: (10, 9, 8), "Bert": (10, 9, 6)},
        "per_session": {f"{EVIL}/s1": (20, 18, 14)}, "confusion": ((8, 1, 1), (0, 6, 4)),
        "det": ((0.0, 1.0, 0.1), (0.25, 0.0, 0.3), (0.5, 0.0, 1.0)),
        "confused": ((EVIL, "Bert", 0.3, 0.2, "probe.png", "picture.png"),),
        "suspects": (("Bert", "/w/people/bert/s1/0001.png", "blurred", f"Soft {EVIL}."),),
        "sentence": f"Said {EVIL}.", "warnings": (Warned("said", "", (f"Beware {EVIL}.",)),),
    }  # fmt: skip
    return EvaluateDone(**{**given, **more})  # type: ignore[arg-type]


def crop(path: Path) -> NDArray[np.uint8] | None:
    return np.full((160, 160, 3), 90, np.uint8) if path.name == "probe.png" else None


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))


def test_nothing_is_fetched_from_anywhere() -> None:
    page = render(evaluation(), SAMPLES, crop)
    for tag, attributes in Tags(page).tags:
        assert tag not in ("script", "link", "iframe", "object", "embed", "a")
        assert not any(name.startswith("on") or name == "href" for name in attributes)
        assert attributes.get("src", "data:image/png;").startswith("data:image/png;")
    assert "@import" not in page
    assert "url(" not in page
    assert re.findall(r"https?://[^\"' ]+", page) == ["http://www.w3.org/2000/svg"] * 3


def test_names_and_sentences_are_escaped() -> None:
    page = render(evaluation(), SAMPLES, crop)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 6


def test_pictures_are_in_the_page_and_lost_ones_are_told() -> None:
    page = render(evaluation(), SAMPLES, crop)
    assert page.count("data:image/png;base64,") == 1
    assert page.count("no picture") == 2


def test_it_shows_figures_with_intervals_and_a_dash_where_there_is_none() -> None:
    page = render(evaluation(fpir_at_threshold=float("nan")), SAMPLES, crop)
    assert "0.700 to 0.980" in page
    assert "nan" not in page.lower().replace("nano", "")


def test_it_follows_the_readers_light_or_dark() -> None:
    assert "prefers-color-scheme:dark" in render(evaluation(), SAMPLES, crop)


def test_without_strangers_there_is_no_det_curve() -> None:
    bare = evaluation(
        det=(), tpir={}, strangers=0, stranger_people=0, strangers_from="none",
        fpir_at_threshold=float("nan"), confused=(), suspects=(),
    )  # fmt: skip
    page = render(bare, {"own": SAMPLES["own"]}, crop)
    assert "DET curve" not in page
    assert "Histogram" in page


def test_the_file_is_private(tmp_path: Path) -> None:
    write_report(tmp_path / "report" / REPORT, evaluation(), SAMPLES, crop)
    assert (tmp_path / "report" / REPORT).stat().st_mode & 0o777 == 0o600


# --- plots ---------------------------------------------------------------------------------------


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def named(root: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    return [each for each in root.iter() if kind in each.get("class", "").split()]


def test_the_det_curve_falls_from_left_to_right_and_marks_the_threshold() -> None:
    root = parsed(det_plot(((0, 0.5, 0.1), (0.1, 0.05, 0.3), (0.2, 0.0, 1.0)), 0.1, (0.05, 0.3)))
    (line,), (dot,) = named(root, "line"), named(root, "dial")
    points = [tuple(map(float, p.split(","))) for p in line.get("points", "").split()]
    assert [x for x, _ in points] == sorted((x for x, _ in points), reverse=True)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
    assert (float(dot.get("cx", 0)), float(dot.get("cy", 0))) == points[1]


def test_the_histogram_leaves_out_what_was_not_measured() -> None:
    root = parsed(histogram_plot({"own": SAMPLES["own"], "stranger": np.empty(0)}, 0.3))
    assert len(named(root, "area")) == 1


@pytest.mark.parametrize("scores", [[0.3], [0.3, 0.3, 0.3]])
def test_a_histogram_of_one_value_is_drawn(scores: list[float]) -> None:
    assert named(parsed(histogram_plot({"own": np.array(scores)}, 0.3)), "own")


def test_the_confusion_matrix_has_a_cell_for_every_answer_and_counts_in_those_given() -> None:
    root = parsed(confusion_plot(("Anna & Co", "Bert"), ((3, 0, 1), (1, 2, 0))))
    assert len(named(root, "cell")) == 6
    assert [each.text for each in named(root, "count")] == ["3", "1", "1", "2"]
    assert len(named(root, "right")) == len(named(root, "nobody")) == 2


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path):
    (tmp_path / "report" / REPORT).mkdir(parents=True)
    request = EvaluateRequest(report=str(tmp_path / "report"))
    with pytest.raises(WorkspaceUnusable, match="Is a directory"):
        evaluate(Workspace(tmp_path / "w"), Settings(), request, Cancel(), lambda event: None)
    assert os.listdir(tmp_path / "report") == [REPORT]
