"""Cells that a spreadsheet would run, out and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text import guarded, unguarded


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "  =1", "\uff1d1", "=cmd|' /C calc'!A0", "'=1"]
)
def test_a_formula_becomes_a_text(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-1.5", "+3", "Ada", "'t Hooft", "a=b", ""])
def test_numbers_and_names_stay(cell: str) -> None:
    assert guarded(cell) == cell
    assert unguarded(guarded(cell)) == cell.lstrip("+-")


@given(st.text(alphabet="=+-@'aA 1").map(str.strip))
def test_a_name_comes_back_as_it_went(name: str) -> None:
    if guarded(name) != name:
        assert unguarded(guarded(name)) == name


def test_somebody_elses_formula_loses_its_sign() -> None:
    assert unguarded("=Ada") == "Ada"
    assert unguarded("'t Hooft") == "'t Hooft"
