from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.contract import BenchMachine, Figure
from tui.cli.machine import add_section
from tui.words.tables import BENCH_COLUMNS, aims, machine_lines, markdown, number, remarks, row

MACHINE = BenchMachine(
    processor="A Processor",
    vector=("avx2", "fma"),
    cores=2,
    memory=8_000_000_000,
    versions={"python": "3.11", "numpy": "2.4"},
    runtime="openvino",
    precision="float32",
)


def figure(**fields: Any) -> Figure:
    return Figure(**{"key": "k", "what": "a start", "value": 2.0, "unit": "s", **fields})


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.98765, "0.988"), (12.34, "12.3"), (12345.6, "12,346"), (1.5e-7, "1.5e-07")],
)
def test_a_number_has_three_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text


def test_what_was_not_measured_is_a_dash() -> None:
    assert number(math.nan) == "-"


def test_a_row_says_what_against_what_and_how_it_came_out() -> None:
    shown = figure(other=10.0, against="another", judged="ratio", least=2, stretch=4)
    assert row(shown) == (
        "a start", "2 s", "another: 10 s", "5x", "2 / 4x", "both reached",
    )  # fmt: skip


def test_a_row_has_a_cell_for_each_column() -> None:
    assert len(row(figure())) == len(BENCH_COLUMNS)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, ""),
        ({"judged": "value", "least": 3, "stretch": 1.5}, "3 / 1.5 s"),
        ({"judged": "value", "least": 0.8, "stretch": 0.9, "unit": ""}, "0.8 / 0.9"),
        ({"judged": "value", "least": 0.3, "stretch": 0.3}, "0.3 s"),
        ({"judged": "value", "least": 3, "stretch": 1, "failure": "it died"}, ""),
    ],
)
def test_aims_are_said_with_their_unit(fields: dict[str, Any], text: str) -> None:
    assert aims(figure(**fields)) == text


def test_a_failure_is_said_rather_than_a_note() -> None:
    assert remarks(figure(note="warm", failure="it died")) == "a start: it died"
    assert remarks(figure()) == ""


def test_markdown_has_the_day_the_machine_and_a_line_a_figure() -> None:
    text = markdown(
        date(2026, 11, 27), MACHINE, [figure(note="warm"), figure(what="a|b")], "2 figures"
    )
    lines = text.splitlines()
    assert lines[0] == "## 2026-11-27"
    assert all(f"- {line}" in lines for line in machine_lines(MACHINE))
    assert "- 2 figures" in lines
    assert "| a start | 2 s |  |  |  |  |" in lines
    assert r"| a\|b | 2 s |  |  |  |  |" in lines
    assert lines[-1] == "- a start: warm"


def test_the_newest_section_stands_on_top_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "bench" / "RESULTS.md"
    add_section(file, "## one\n\nfirst\n")
    add_section(file, "## two\n\nsecond\n")
    heading, *rest = file.read_text().split("\n## ")
    assert heading.startswith("# ")
    assert rest == ["two\n\nsecond\n", "one\n\nfirst\n"]
