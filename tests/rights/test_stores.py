"""The table of stores: a new kind of a person's data is one row, and nothing lies outside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from engine.people.person import Person
from engine.people.registry import People
from engine.rights import stores
from engine.rights.erase import collect, erase
from engine.rights.evidence import Counts, Due, Evidence, Store
from engine.rights.take_in import import_person
from engine.rights.upkeep import due, purge
from engine.settings import ConsentSettings, Settings
from engine.workspace.files import read_json, write_json
from engine.workspace.folder import Workspace
from engine.workspace.vault.opened import PLAIN
from tests.faults.small_workspace import build, capture


class Badges(Store):
    """A kind of data that no release has: a badge a person, with a name that they once had."""

    name = "badges"
    places = ("badges",)
    archived = r"badges/[0-9a-f]+\.json"
    about = "badges/          the person's badge\n"

    def forget(self, workspace: Workspace, who: Evidence) -> Counts:
        for file in (badge(workspace, id) for id in who.ids):
            file.unlink(missing_ok=True)
        return {"badges": 1}

    def rename(self, workspace: Workspace, person: Person, new: str) -> None:
        write_json(badge(workspace, person.id), {"name": new})

    def mentions(self, workspace: Workspace) -> Iterator[tuple[str, str]]:
        for file in (workspace.root / "badges").glob("*.json"):
            yield file.stem, read_json(file)["name"]

    def files(self, workspace: Workspace, ids: Collection[str]) -> Iterator[Path]:
        yield from (badge(workspace, id) for id in ids)

    def export(self, workspace: Workspace, person: Person) -> Iterator[tuple[str, bytes]]:
        yield f"badges/{person.id}.json", badge(workspace, person.id).read_bytes()

    def due(self, workspace: Workspace, settings: Settings, now: datetime | None) -> Iterator[Due]:
        for file in (workspace.root / "badges").glob("old*"):
            yield Due.of(workspace, "log", file)


def badge(workspace: Workspace, id: str) -> Path:
    return workspace.root / "badges" / f"{id}.json"


@pytest.fixture
def ann(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Somebody with a badge that bears a former name of theirs."""
    monkeypatch.setattr(stores, "STORES", (Badges(), *stores.STORES))
    capture(workspace, "Ann Lee", range(2))
    person = People(workspace).get("Ann Lee")
    write_json(badge(workspace, person.id), {"name": "Ann Former"})
    return person


def test_an_erasure_reaches_a_new_store(workspace: Workspace, ann: Person) -> None:
    done = erase(workspace, "Ann Lee")
    assert not badge(workspace, ann.id).exists()
    assert done.receipt.removed["badges"] == 1
    assert done.left == ()


def test_a_former_name_in_a_new_store_is_searched_for(workspace: Workspace, ann: Person) -> None:
    (workspace.root / "letter.txt").write_text("Dear Ann Former")
    assert collect(workspace, "Ann Lee", "").names == ("Ann Lee", "Ann Former")
    assert erase(workspace, "Ann Lee").left == ("letter.txt",)


def test_a_renaming_reaches_a_new_store(workspace: Workspace, ann: Person) -> None:
    stores.rename(workspace, "Ann Lee", "Ann Next")
    assert read_json(badge(workspace, ann.id)) == {"name": "Ann Next"}
    assert People(workspace).get("Ann Next").id == ann.id


def test_an_export_holds_a_new_store_and_is_taken_in(
    workspace: Workspace, ann: Person, tmp_path: Path
) -> None:
    file = Path(stores.export_person(workspace, "Ann Lee", tmp_path / "a.zip").file)
    data = file.read_bytes()
    assert f"badges/{ann.id}.json".encode() in data
    elsewhere = Workspace(tmp_path / "elsewhere")
    elsewhere.prepare()
    assert import_person(elsewhere, file, ConsentSettings()).name == "Ann Lee"


def test_an_identity_that_only_a_new_store_knows_proves_nothing(
    workspace: Workspace, ann: Person, tmp_path: Path
) -> None:
    file = Path(stores.export_person(workspace, "Ann Lee", tmp_path / "a.zip").file)
    elsewhere = Workspace(tmp_path / "elsewhere")
    elsewhere.prepare()
    write_json(badge(elsewhere, ann.id), {"name": "Eve"})
    import_person(elsewhere, file, ConsentSettings())
    assert People(elsewhere).get("Ann Lee").id != ann.id


def test_a_purge_removes_what_a_new_store_says_is_due(workspace: Workspace, ann: Person) -> None:
    write_json(workspace.root / "badges" / "old.json", {"name": "Nobody"})
    assert [each.path for each in due(workspace, Settings())] == ["badges/old.json"]
    purge(workspace, Settings())
    assert [file.stem for file in (workspace.root / "badges").iterdir()] == [ann.id]


def test_every_place_of_the_format_has_one_store_or_is_about_nobody(workspace: Workspace) -> None:
    owned = Counter(place for store in stores.STORES for place in store.places)
    owned.update(stores.NOBODYS)
    paths = {each.name for each in vars(workspace).values() if isinstance(each, Path)}
    assert set(owned) == (paths - {workspace.root.name}) | PLAIN
    assert set(owned.values()) == {1}


def test_everything_in_a_full_workspace_has_a_store(tmp_path: Path) -> None:
    workspace = build(tmp_path / "full")
    owned = {place for store in stores.STORES for place in store.places} | stores.NOBODYS
    assert {path.name for path in workspace.root.iterdir()} <= owned


def test_names_of_stores_differ() -> None:
    """Each is the step of an erasure that is under way."""
    names = [store.name for store in stores.STORES]
    assert len(set(names)) == len(names)
