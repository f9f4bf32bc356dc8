"""docs/extending.md names what is there, and a gate that was added by it is complete."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from textual.app import App

from engine.contract import Advice, EnrolDone
from engine.contract.errors import UsageError
from engine.contract.requests import TrainRequest
from engine.faces.refusal import GATES, Refusal
from engine.jobs.enrol import nothing_captured
from engine.jobs.train import recorded_options, training_settings
from engine.model.networks import refuse_unfitting
from engine.settings import TRAIN_OPTIONS, TrainingSettings, TrainOption
from tui.cli.train import train as train_command
from tui.panes.training import option_fields
from tui.words.coach import WORDS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "extending.md").read_text()
PLACED = re.findall(r"`([A-Za-z_.]+)`\s+\(`((?:engine|tui)/[a-z_/]+\.py)`\)", TEXT)
"""A name, and the file that the document says it is in."""


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"\b(?:engine|tui|tests)/[\w/]+\.py", TEXT)))
)
def test_every_file_that_is_named_is_there(path: str) -> None:
    assert (ROOT / path).is_file()


@pytest.mark.parametrize(("name", "path"), PLACED)
def test_every_name_is_defined_in_the_file_that_is_given(name: str, path: str) -> None:
    own = name.rsplit(".", maxsplit=1)[-1]
    assert re.search(rf"^\s*(?:class|def) {own}\b|^{own}\b.*=", (ROOT / path).read_text(), re.M)


def test_names_with_their_files_are_found() -> None:
    assert ("Refusal", "engine/faces/refusal.py") in PLACED
    assert len(PLACED) >= 7


@pytest.mark.parametrize("option", TRAIN_OPTIONS, ids=lambda option: option.setting)
async def test_a_train_option_is_offered_everywhere_and_read(option: TrainOption) -> None:
    recipes = ("head", "classic") if option.recipe is None else (option.recipe,)
    settings = TrainingSettings()
    value = getattr(settings, option.setting)
    for recipe in recipes:
        request = TrainRequest(recipe=recipe, options={option.name: value})
        refuse_unfitting(request)
        assert training_settings(settings, request) == settings
        assert recorded_options(settings, recipe)[option.name] == value
    given = {each.name for each in train_command.params}
    assert option.name in given, "the command line lacks it"
    async with App[None]().run_test():
        form = [field.id for field in option_fields(settings)]
    assert f"training-{option.setting}" in form, "the app's form lacks it"
    read = re.compile(rf"\bsettings\.{option.setting}\b")
    sources = [*(ROOT / "engine/model").glob("*.py"), *(ROOT / "engine/jobs").glob("*.py")]
    assert any(read.search(path.read_text()) for path in sources), "no training reads it"


def test_a_train_option_is_refused_outside_its_bounds_and_by_the_other_recipe() -> None:
    with pytest.raises(UsageError, match="Epochs: a whole number from 1 to 1000"):
        training_settings(TrainingSettings(), TrainRequest(options={"epochs": 0}))
    with pytest.raises(UsageError, match="input side is for recipe classic"):
        refuse_unfitting(TrainRequest(options={"input_side": 224}))


def test_every_field_of_a_training_s_request_is_an_option_of_the_command() -> None:
    asked = {each.name for each in fields(TrainRequest)} - {"options"}
    assert asked <= {each.name for each in train_command.params}


@pytest.mark.parametrize("refusal", Refusal)
def test_a_refusal_has_words_a_remedy_and_a_hint(refusal: Refusal) -> None:
    gate = GATES[refusal]
    if refusal is not Refusal.DUPLICATE:  # the coach asks for what is missing then
        assert WORDS[gate.advice[0]]
    refused = {refusal.value: 3}
    done = EnrolDone(
        person="Ada",
        session="s",
        captured=0,
        target=9,
        refused=refused,
        seconds=1.0,
        ended="stopped",
    )
    error = nothing_captured(done)
    assert gate.words in error.message
    assert error.hint == gate.hint != ""


@pytest.mark.parametrize("advice", Advice)
def test_every_advice_has_words(advice: Advice) -> None:
    assert WORDS[advice]
