"""The export as Keras folders, from real workspaces to real folders."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.contract.errors import DataError, DiskFull, SplitMissing
from engine.dataset.split import Split, make_split
from engine.jobs.split import export_keras_folders, folder_names
from engine.people.person import Person
from engine.people.registry import People
from engine.pictures import decode_crop
from engine.settings import SplitSettings
from engine.workspace.folder import Workspace
from tests.people.captures import captured, grey

REPOSITORY = Path(__file__).resolve().parents[2]


def enrol(people: People, name: str, *sizes: int) -> None:
    person = people.add(name)
    for size in sizes:
        captured(people, person, [grey((n * 37 + len(name)) % 256) for n in range(size)])


@pytest.fixture
def people(workspace: Workspace) -> People:
    made = People(workspace)
    enrol(made, "Anna Lee", 10)
    enrol(made, "Bob: the 2nd", 2)
    return made


@pytest.fixture
def split(people: People) -> Split:
    return make_split(people.list(), SplitSettings())


def contents(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def named(*names: str) -> list[Person]:
    return [Person(name, f"slug{i}", "", None, (), "") for i, name in enumerate(names)]


def test_every_picture_is_copied_to_its_part(people: People, split: Split, tmp_path: Path) -> None:
    target = tmp_path / "new" / "out"
    count = export_keras_folders(people.workspace, people.list(), split, target)
    files = {
        part: len(list(target.glob(f"{part}/*/*.png"))) for part in ("train", "validation", "test")
    }
    assert (count, files) == (12, {"train": 9, "validation": 2, "test": 1})
    anna = people.get("Anna Lee")
    session, number = split.people[anna.slug]["test"][0].split("/")
    copied = target / "test" / "Anna Lee" / f"{session}-{number}"
    assert (
        copied.read_bytes() == (people.session_directory(anna.slug, session) / number).read_bytes()
    )
    assert decode_crop(copied).shape == (160, 160, 3)


def test_every_part_has_a_folder_for_everybody(
    people: People, split: Split, tmp_path: Path
) -> None:
    export_keras_folders(people.workspace, people.list(), split, tmp_path / "out")
    for part in ("train", "validation", "test"):
        assert names_in(tmp_path / "out" / part) == ["Anna Lee", "Bob_ the 2nd"]


def test_a_part_without_any_picture_has_no_folder(people: People, tmp_path: Path) -> None:
    split = make_split(people.list(), SplitSettings(train=0.8, validation=0.2, test=0.0))
    export_keras_folders(people.workspace, people.list(), split, tmp_path / "out")
    assert names_in(tmp_path / "out") == ["train", "validation"]


def test_an_empty_folder_is_filled(people: People, split: Split, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert export_keras_folders(people.workspace, people.list(), split, tmp_path / "out") == 12
    assert names_in(tmp_path / "out") == ["test", "train", "validation"]


def test_the_export_is_private(people: People, split: Split, tmp_path: Path) -> None:
    export_keras_folders(people.workspace, people.list(), split, tmp_path / "out")
    for path in (tmp_path / "out").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_folder_with_content_is_refused(people: People, split: Split, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with pytest.raises(DataError, match="not empty"):
        export_keras_folders(people.workspace, people.list(), split, tmp_path / "out")
    assert contents(tmp_path / "out") == ["mine.txt"]


def test_a_file_in_place_of_the_folder_is_refused(
    people: People, split: Split, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("keep")
    with pytest.raises(DataError, match="needs a folder"):
        export_keras_folders(people.workspace, people.list(), split, tmp_path / "out")


@pytest.mark.parametrize("inside", ["people", "people/out", "models/x", "features/../people/x"])
def test_the_workspaces_own_folders_are_refused(people: People, split: Split, inside: str) -> None:
    workspace = people.workspace
    before = contents(workspace.root)
    with pytest.raises(DataError, match="own folders"):
        export_keras_folders(workspace, people.list(), split, workspace.root / inside)
    assert contents(workspace.root) == before


def test_a_split_that_no_longer_fits_is_refused(
    people: People, split: Split, tmp_path: Path
) -> None:
    enrol(people, "Carol", 3)
    with pytest.raises(SplitMissing):
        export_keras_folders(people.workspace, people.list(), split, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_picture_that_goes_meanwhile_leaves_no_half_export(
    people: People, split: Split, tmp_path: Path
) -> None:
    everybody = people.list()
    people.pictures(people.get("Anna Lee"))[5].unlink()
    with pytest.raises(SplitMissing, match=r"0006\.png"):
        export_keras_folders(people.workspace, everybody, split, tmp_path / "a" / "out")
    assert contents(tmp_path / "a") == []


def test_a_full_disk_leaves_no_half_export(
    people: People, split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_origin: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.jobs.split.copy_out", full)
    with pytest.raises(DiskFull):
        export_keras_folders(people.workspace, people.list(), split, tmp_path / "a" / "out")
    assert contents(tmp_path / "a") == []


def test_an_unwritable_place_is_a_data_error(people: People, split: Split, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError):
        export_keras_folders(people.workspace, people.list(), split, tmp_path / "file" / "out")


def test_a_mount_point_is_filled_in_place(people: People, split: Split, tmp_path: Path) -> None:
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"]).returncode:
        pytest.skip("needs unshare with user and mount namespaces")
    script = """
import sys
from pathlib import Path
from engine.settings import SplitSettings
from engine.jobs.split import export_keras_folders
from engine.dataset.split import make_split
from engine.people.registry import People
from engine.workspace.folder import Workspace
workspace, target = Workspace(Path(sys.argv[1])), Path(sys.argv[2])
people = People(workspace).list()
count = export_keras_folders(workspace, people, make_split(people, SplitSettings()), target)
print(count, sorted(path.name for path in target.iterdir()), len(list(target.rglob("*.png"))))
"""
    (tmp_path / "disk").mkdir()
    shell = f'mount -t tmpfs none "$2" && exec "{sys.executable}" -c "$0" "$1" "$2"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", shell, script, people.workspace.root, tmp_path / "disk"],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert done.stdout.strip() == "12 ['test', 'train', 'validation'] 12", done.stderr


def test_folder_names_keep_any_script() -> None:
    assert list(folder_names(named("José", "李明")).values()) == ["José", "李明"]


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("A: B?", "A_ B_"),
        ("Jr.", "Jr"),
        (".hidden", "_.hidden"),
        ("con", "_con"),
        ("Nul.txt", "_Nul.txt"),
    ],
)
def test_folder_names_avoid_what_file_systems_refuse(name: str, folder: str) -> None:
    assert folder_names(named(name)) == {"slug0": folder}


def test_two_people_never_share_a_folder() -> None:
    made = folder_names(named("A?", "A:", "a*", "A_ (slug1)"))
    assert len({name.casefold() for name in made.values()}) == 4


def test_a_long_name_fits_a_folder() -> None:
    assert len(folder_names(named("李" * 100))["slug0"].encode()) <= 255
