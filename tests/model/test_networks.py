from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.bench.material import stand_in
from engine.contract.errors import ModelError
from engine.model import networks
from engine.model.backbones import Backbone
from engine.model.networks import Backbones, layers
from engine.model.record import ModelInfo
from engine.settings import Recipe
from tui.cli import main


@pytest.fixture(scope="module")
def network() -> Backbone:
    return stand_in()[0]


@pytest.fixture
def loads(network: Backbone, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """What was loaded, in order; nothing is."""
    seen: list[tuple[str, str | None]] = []

    def load(name: str, weights: str | None, runtime: str) -> Backbone:
        seen.append((name, weights))
        return replace(network, name=name)

    monkeypatch.setattr(networks, "load_backbone", load)
    return seen


def info_of(network: Backbone, **details: str) -> ModelInfo:
    return ModelInfo(id="m", details={"backbone": "vgg16", "weights": network.digest, **details})


def test_the_last_one_is_not_loaded_again(loads: list[tuple[str, str | None]]) -> None:
    backbones = Backbones()
    assert backbones.named("vgg16") is backbones.named("vgg16")
    assert loads == [("vgg16", None)]


def test_another_one_takes_its_place(loads: list[tuple[str, str | None]]) -> None:
    backbones = Backbones()
    for name in ("vgg16", "resnet", "vgg16"):
        backbones.named(name)
    assert [name for name, _ in loads] == ["vgg16", "resnet", "vgg16"]


def test_a_weights_file_that_changed_is_loaded_again(
    loads: list[tuple[str, str | None]], tmp_path: Path
) -> None:
    file = tmp_path / "weights.npz"
    file.write_bytes(b"one")
    backbones = Backbones()
    backbones.named("vgg16", str(file))
    backbones.named("vgg16", str(file))
    file.write_bytes(b"another")
    backbones.named("vgg16", str(file))
    assert len(loads) == 2


def test_a_model_finds_the_network_that_training_loaded(network: Backbone) -> None:
    assert Backbones(kept=network).of(info_of(network)) is network


def test_a_model_of_other_weights_does_not(
    network: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(info: ModelInfo, runtime: str) -> Backbone:
        raise ModelError("Other weights")

    monkeypatch.setattr(networks, "backbone_of", refuse)
    with pytest.raises(ModelError):
        Backbones(kept=network).of(info_of(network, weights="other"))


@pytest.mark.parametrize(
    ("recipe", "side", "trained"), [("head", 16, {"people"}), ("classic", 20, {"dense", "classes"})]
)
def test_layers_have_the_shapes_of_their_recipe_and_only_new_ones_train(
    recipe: Recipe, side: int, trained: set[str]
) -> None:
    rows = {row.name: row for row in layers(recipe, people=2, unfreeze=False)}
    assert tuple(rows["block4_conv3"].shape) == (None, side, side, 512)
    assert {name for name, row in rows.items() if row.trains} == trained


def test_the_command_lists_layers_with_shape_parameters_and_whether_they_train(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["model", "layers", "--recipe", "classic", "--unfreeze", "block5"]
    main(["--workspace", str(tmp_path / "w"), "--json", *asked])
    *told, done = map(json.loads, capsys.readouterr().out.splitlines())
    layers = {layer["name"]: layer for layer in told}
    assert (done["event"], done["layers"]) == ("done", len(told))
    assert layers["block4_conv3"]["parameters"] == 2_359_808
    assert layers["block4_conv3"]["shape"] == [None, 20, 20, 512]  # of a picture of 160
    training = {name for name, layer in layers.items() if layer["trains"]}
    assert {"block5_conv1", "block5_conv2", "block5_conv3"} <= training
    assert "block4_conv3" not in training
