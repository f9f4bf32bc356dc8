"""What lies in a folder of photographs, told from names alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.contract.errors import DataError, NoPictures
from engine.people.import_plan import ImportPlan, plan_import, plan_strangers


def tree(root: Path, *files: str) -> Path:
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def people(plan: ImportPlan) -> dict[str, list[str]]:
    return {each.name: [plan.shown(path) for path in each.files] for each in plan.people}


def strays(plan: ImportPlan) -> set[tuple[str, str]]:
    return {(plan.shown(path), reason) for path, reason in plan.strays}


def test_one_sub_folder_is_one_person(tmp_path: Path) -> None:
    plan = plan_import(tree(tmp_path, "Anna/1.jpg", "Ben_Lee/x.PNG"))
    assert people(plan) == {"Anna": ["Anna/1.jpg"], "Ben_Lee": ["Ben_Lee/x.PNG"]}
    assert plan.total == 2


def test_classic_parts_are_put_together(tmp_path: Path) -> None:
    plan = plan_import(
        tree(tmp_path, "train/Anna/1.jpg", "validation/Anna/2.jpg", "test/Ben/3.jpg")
    )
    assert people(plan) == {
        "Anna": ["train/Anna/1.jpg", "validation/Anna/2.jpg"],
        "Ben": ["test/Ben/3.jpg"],
    }


def test_the_classic_parts_stay_apart_where_they_are_asked_for(tmp_path: Path) -> None:
    root = tree(tmp_path, "training/Anna/1.jpg", "val/Anna/2.jpg", "test/Ben/3.jpg", "Cy/4.jpg")
    plan = plan_import(root, divided=True)
    assert [(each.name, each.part, len(each.files)) for each in plan.people] == [
        ("Cy", "", 1),
        ("Ben", "test", 1),
        ("Anna", "train", 1),
        ("Anna", "validation", 1),
    ]
    assert plan.parts == {"train": 1, "validation": 1, "test": 1}


def test_one_part_alone_is_no_division(tmp_path: Path) -> None:
    plan = plan_import(tree(tmp_path, "train/Anna/1.jpg", "Anna/2.jpg"), divided=True)
    assert [(each.part, len(each.files)) for each in plan.people] == [("", 2)]
    assert plan.parts == {}


def test_person_may_be_called_test(tmp_path: Path) -> None:
    assert people(plan_import(tree(tmp_path, "Test/1.jpg"))) == {"Test": ["Test/1.jpg"]}


def test_both_layouts_may_be_mixed(tmp_path: Path) -> None:
    plan = plan_import(tree(tmp_path, "val/Anna/1.jpg", "Ben/2.jpg"))
    assert set(people(plan)) == {"Anna", "Ben"}


def test_names_that_differ_in_case_only_are_one_person(tmp_path: Path) -> None:
    plan = plan_import(tree(tmp_path, "train/Anna/1.jpg", "validation/ANNA/2.jpg"))
    assert people(plan) == {"Anna": ["train/Anna/1.jpg", "validation/ANNA/2.jpg"]}


def test_pictures_come_in_natural_order(tmp_path: Path) -> None:
    plan = plan_import(tree(tmp_path, "A/10.jpg", "A/9.jpg", "A/shot2.jpg", "A/shot10.jpg"))
    assert people(plan)["A"] == ["A/9.jpg", "A/10.jpg", "A/shot2.jpg", "A/shot10.jpg"]


def test_every_other_file_has_its_reason(tmp_path: Path) -> None:
    plan = plan_import(
        tree(
            tmp_path,
            "Anna/1.jpg",
            "Anna/notes.txt",
            "Anna/more/2.jpg",
            "loose.jpg",
            "README",
            "\u200bghost/3.jpg",
            "train/Ben/4.jpg",
            "train/loose.txt",
        )
    )
    assert strays(plan) == {
        ("Anna/notes.txt", "not_a_picture"),
        ("Anna/more", "nested_folder"),
        ("loose.jpg", "no_person"),
        ("README", "not_a_picture"),
        ("\u200bghost/3.jpg", "name_invalid"),
        ("train/loose.txt", "not_a_picture"),
    }
    assert plan.total == 8


def test_hidden_files_and_clutter_are_passed_over(tmp_path: Path) -> None:
    plan = plan_import(
        tree(tmp_path, "A/1.jpg", "A/.hidden.jpg", "A/Thumbs.db", ".git/x", "A/.DS_Store")
    )
    assert plan.total == 1


def test_file_name_that_is_no_utf8_is_shown_all_the_same(tmp_path: Path) -> None:
    tree(tmp_path, "A/1.jpg")
    with open(os.fsencode(tmp_path / "A") + b"/\xff.jpg", "wb"):
        pass
    shown = people(plan_import(tmp_path))["A"]
    assert "A/\ufffd.jpg" in shown
    assert "".join(shown).encode()


def test_parts_without_pictures_leave_no_person(tmp_path: Path) -> None:
    plan = plan_import(tree(tmp_path, "A/1.jpg", "B/notes.txt"))
    assert set(people(plan)) == {"A"}
    assert strays(plan) == {("B/notes.txt", "not_a_picture")}


@pytest.mark.parametrize("files", [(), ("1.jpg", "2.jpg")])
def test_folder_without_sub_folders_is_refused_with_a_hint(
    tmp_path: Path, files: tuple[str, ...]
) -> None:
    with pytest.raises(DataError, match="nobody to import") as caught:
        plan_import(tree(tmp_path, *files))
    assert "sub-folder a person" in caught.value.hint


def test_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoPictures):
        plan_import(tree(tmp_path, "A/notes.txt"))


@pytest.mark.parametrize("name", ["absent", "file"])
def test_folder_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    tree(tmp_path, "file")
    with pytest.raises(DataError, match="no such folder"):
        plan_import(tmp_path / name)


# --- strangers ----------------------------------------------------------------------------------


def test_a_sub_folder_is_one_stranger_and_so_is_each_picture_beside_them(tmp_path: Path) -> None:
    plan = plan_strangers(tree(tmp_path / "door", "Anna/1.jpg", "Anna/2.jpg", "a.jpg", "b.jpg"))
    assert people(plan) == {
        "Anna": ["Anna/1.jpg", "Anna/2.jpg"],
        "door a.jpg": ["a.jpg"],
        "door b.jpg": ["b.jpg"],
    }
    assert strays(plan) == set()


def test_pictures_without_sub_folders_are_a_stranger_each(tmp_path: Path) -> None:
    plan = plan_strangers(tree(tmp_path / "door", "a.jpg", "a.png", "notes.txt"))
    assert people(plan) == {"door a.jpg": ["a.jpg"], "door a.png": ["a.png"]}
    assert strays(plan) == {("notes.txt", "not_a_picture")}


def test_sub_folders_without_pictures_leave_the_pictures_beside_them(tmp_path: Path) -> None:
    plan = plan_strangers(tree(tmp_path / "door", "papers/a.txt", "a.jpg"))
    assert people(plan) == {"door a.jpg": ["a.jpg"]}


def test_a_name_makes_one_stranger_of_a_folders_pictures(tmp_path: Path) -> None:
    plan = plan_strangers(tree(tmp_path, "a.jpg", "b.jpg"), "Postman")
    assert people(plan) == {"Postman": ["a.jpg", "b.jpg"]}


def test_a_single_picture_is_a_stranger(tmp_path: Path) -> None:
    plan = plan_strangers(tree(tmp_path / "door", "a.jpg", "b.jpg") / "b.jpg")
    assert people(plan) == {"door b.jpg": ["b.jpg"]}


def test_a_picture_with_an_impossible_name_is_a_stranger_all_the_same(tmp_path: Path) -> None:
    plan = plan_strangers(tree(tmp_path / "d", "a\u200b.jpg", f"{'x' * 200}.jpg"))
    assert len(plan.people) == 2
    assert {len(each.name) <= 100 for each in plan.people} == {True}


def test_one_name_for_several_people_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="One name"):
        plan_strangers(tree(tmp_path, "Anna/1.jpg"), "Postman")


def test_a_folder_without_strangers_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoPictures, match="no pictures of strangers"):
        plan_strangers(tree(tmp_path, "notes.txt"))


def test_a_sub_folder_that_may_not_be_read_is_left_out_with_the_reason(
    tmp_path: Path, powerless: None
) -> None:
    for name in ("Ada", "lost+found", "train/Bob", "train/Carol"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "1.jpg").touch()
    denied = tmp_path / "lost+found", tmp_path / "train" / "Carol"
    for each in denied:
        each.chmod(0)
    plan, strangers = plan_import(tmp_path), plan_strangers(tmp_path)
    for each in denied:
        each.chmod(0o700)
    assert [person.name for person in plan.people] == ["Ada", "Bob"]
    assert set(plan.strays) == {(each, "denied") for each in denied}
    assert plan.left_out == (
        "lost+found was left out: permission denied",
        "train/Carol was left out: permission denied",
    )
    assert (strangers.people, strangers.strays) == (plan.people, plan.strays)


def test_where_nothing_else_is_there_the_error_names_what_may_not_be_read(
    tmp_path: Path, powerless: None
) -> None:
    (tmp_path / "Ada").mkdir(mode=0)
    for plan in (plan_import, plan_strangers):
        with pytest.raises(NoPictures, match="Ada was left out: permission denied"):
            plan(tmp_path)
    (tmp_path / "Ada").chmod(0o700)


def test_a_folder_that_may_be_listed_but_not_entered_is_no_fault_of_ours(
    tmp_path: Path, powerless: None
) -> None:
    (tmp_path / "all" / "Ada").mkdir(parents=True)
    (tmp_path / "all").chmod(0o400)
    with pytest.raises(DataError):
        plan_import(tmp_path / "all")
    with pytest.raises(DataError, match="permission denied"):
        plan_import(tmp_path / "all" / "Ada")
    (tmp_path / "all").chmod(0o700)
