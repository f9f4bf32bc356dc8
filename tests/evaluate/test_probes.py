"""Which pictures are searched: never those that the model was trained on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from engine.contract.errors import DataError, ModelCorrupt, NoPictures
from engine.contract.events_base import Warned, grouped
from engine.evaluate.probes import (
    folder_probes,
    held_out_parts,
    held_out_probes,
    split_differs,
    whose,
)
from engine.model.record import trained_on
from tests.evaluate.made_up import model, person, split_of

ANNA, BERT = person("Anna", {"s1": 10}), person("Bert Lee", {"s1": 10})
SPLIT = split_of(
    {
        "anna": {"train": ["s1/0001.png"], "validation": ["s1/0008.png"], "test": ["s1/0009.png"]},
        "bert-lee": {"train": ["s1/0001.png"], "validation": ["s1/0008.png"]},
    }
)
SAME = {"seed": 1, "mode": "blocks", "shares": [0.7, 0.15, 0.15]}


def test_the_test_part_is_searched_where_everybody_has_one() -> None:
    assert held_out_parts(SPLIT, [ANNA]) == ("test",)


def test_validation_is_searched_too_where_somebody_has_no_test_picture() -> None:
    assert held_out_parts(SPLIT, [ANNA, BERT]) == ("validation", "test")


def test_held_out_pictures_are_the_probes() -> None:
    keys, warnings = held_out_probes(SPLIT, [ANNA, BERT], model(split=SAME))
    assert keys == (("s1/0008.png", "s1/0009.png"), ("s1/0008.png",))
    assert warnings == []


def test_a_split_made_otherwise_than_the_models_is_warned_about() -> None:
    other = model(split={**SAME, "seed": 2})
    _keys, (warning,) = held_out_probes(SPLIT, [ANNA], other)
    assert "newer than the model" in warning.text
    assert split_differs(SPLIT, {})


def test_pictures_the_model_was_trained_on_are_left_out_and_told() -> None:
    learnt = model(trained_on={"anna": {"s1": "1-3,8"}, "bert-lee": {"s1": "1"}})
    keys, warnings = held_out_probes(SPLIT, [ANNA, BERT], learnt)
    assert keys == (("s1/0009.png",), ("s1/0008.png",))
    assert "1 held-out pictures were left out" in warnings[0].text


def test_a_model_trained_on_all_of_them_cannot_be_measured_with_them() -> None:
    learnt = model(trained_on={"anna": {"s1": "1-10"}})
    with pytest.raises(NoPictures, match="trained on all"):
        held_out_probes(SPLIT, [ANNA], learnt)


def test_a_split_without_held_out_pictures_cannot_be_used() -> None:
    split = split_of({"bert-lee": {"train": ["s1/0001.png"]}})
    with pytest.raises(NoPictures, match="has none in validation or test"):
        held_out_probes(split, [BERT], model())


def test_people_without_probes_are_named() -> None:
    zoe = person("Zoe", {"s1": 2})
    _keys, warnings = held_out_probes(SPLIT, [ANNA, zoe], model(split=SAME))
    assert warnings == [Warned("no_held_out", "Zoe")]


def test_ranges_of_picture_numbers_are_understood() -> None:
    trained = trained_on(model(trained_on={"anna": {"s1": "1-28,35", "s2": ""}}))
    assert trained == {("anna", f"s1/{n:04d}.png") for n in (*range(1, 29), 35)}


def test_an_older_model_does_not_say_what_it_was_trained_on() -> None:
    assert trained_on(model()) is None


@pytest.mark.parametrize("broken", [{"anna": {"s1": "a-b"}}, {"anna": "1-3"}, [1]])
def test_malformed_ranges_are_a_damaged_model(broken: object) -> None:
    with pytest.raises(ModelCorrupt):
        trained_on(model(trained_on=broken))


# --- a folder of probes --------------------------------------------------------------------------


def folder(root: Path, **people: int) -> Path:
    for name, count in people.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            (root / name / f"{number}.jpg").write_bytes(b"")
    return root


PEOPLE = [
    dataclasses.replace(person(name, {}), slug=slug)
    for name, slug in (("Anna Lee", "anna-lee"), ("José", "jose-1a2b3c4d"), ("Bert", "bert"))
]


def test_folders_are_matched_by_name_or_slug_whatever_their_case(tmp_path: Path) -> None:
    made = folder(tmp_path, ANNA_lee=2, **{"jose-1a2b3c4d": 1, "bert": 1})
    found = folder_probes(made, PEOPLE)
    assert sorted(found.labels) == [0, 0, 1, 2]
    assert [file.parent.name for file in found.files][:2] == ["ANNA_lee", "ANNA_lee"]
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("folder", "person"),
    [
        ("Anna_Lee", "Anna Lee"),
        ("anna lee", "Anna Lee"),
        ("anna-lee", "Anna Lee"),
        ("Bo_Ek", "Bo_Ek"),
        ("Bo Ek", "Bo_Ek"),
        ("BO_EK", "Bo_Ek"),
        ("Cy_Ott", "Cy_Ott"),
        ("Cy Ott", "Cy Ott"),
        ("D_E_F", None),
        ("anna_lee_2", None),
    ],
)
def test_an_underscore_is_a_space_on_either_side_but_nobody_is_guessed(
    folder: str, person: str | None
) -> None:
    names = ("Anna Lee", "Bo_Ek", "Cy_Ott", "Cy Ott", "D E_F", "D_E F")
    label = whose(names, ("anna-lee", "bo-ek-1", "cy-ott-1", "cy-ott", "d-1", "d-2"))(folder)
    assert (None if label is None else names[label]) == person


def test_folders_of_nobody_and_people_without_a_folder_are_named(tmp_path: Path) -> None:
    found = folder_probes(folder(tmp_path, Anna_Lee=1, Zoe=1), PEOPLE)
    assert found.labels == (0,)
    assert grouped(found.warnings)[0].startswith("Zoe: left out")
    assert grouped(found.warnings)[1].startswith("José, Bert: no probes")


def test_a_folder_that_matches_nobody_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = folder(tmp_path, Zoe=1)
    monkeypatch.chdir(made)  # it is told by its name, not as "."
    with pytest.raises(DataError, match="the name of anybody in the model") as refused:
        folder_probes(Path(), PEOPLE)
    assert refused.value.message.startswith(f"{made} holds Zoe; the model knows ")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="probes cannot be used"):
        folder_probes(tmp_path / "absent", PEOPLE)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoPictures, match="no probes"):
        folder_probes(folder(tmp_path, Bert=0), PEOPLE)


def test_a_folder_of_the_probes_that_may_not_be_read_is_told(
    tmp_path: Path, powerless: None
) -> None:
    for name in ("Ada", "lost+found"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").touch()
    (tmp_path / "Ada" / "2.jpg").touch(0)
    (tmp_path / "lost+found").chmod(0)
    found = folder_probes(tmp_path, [person("Ada", {})])
    (tmp_path / "lost+found").chmod(0o700)
    assert (found.files, found.labels) == ((tmp_path / "Ada" / "1.jpg",), (0,))
    (tmp_path / "Ada" / "1.jpg").chmod(0)
    with pytest.raises(NoPictures, match=r"Ada/1\.jpg was left out: permission denied"):
        folder_probes(tmp_path, [person("Ada", {})])
    assert grouped(found.warnings) == (
        "lost+found was left out: permission denied",
        "Ada/2.jpg was left out: permission denied",
    )
