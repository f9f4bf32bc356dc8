"""All that is held on a person as one archive, and taking it in; hostile archives are refused."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.bench.material import enrol_made_up
from engine.cancel import Cancel
from engine.contract.errors import (
    ConsentMissing,
    DataError,
    FacedeskError,
    NameTaken,
    PersonNotFound,
    UsageError,
    WorkspaceUnusable,
)
from engine.contract.people import noted
from engine.contract.requests import TrainRequest
from engine.jobs.train import train
from engine.model.backbones import Backbone
from engine.model.networks import Backbones
from engine.people.clock import note_seen
from engine.people.registry import People
from engine.people.unknown import UnknownStore
from engine.pictures import decode_crop, encode_png
from engine.rights import archive as layout
from engine.rights.stores import export_person
from engine.rights.take_in import import_person
from engine.settings import ConsentSettings, Settings
from engine.workspace.folder import Workspace
from tests.people.unknowns import sighted
from tests.templates import quick_backbone, without_epochs

WARN = ConsentSettings()
NAME = "Made Up 0000"


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return quick_backbone()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, backbone: Backbone) -> Workspace:
    """A workspace with two people, a model, a sighting, consent and a last day."""
    workspace = Workspace(tmp_path_factory.mktemp("source") / "w")
    workspace.prepare()
    enrol_made_up(workspace, 0, 2, 8)
    kept = Backbones(kept=backbone)
    with without_epochs():
        train(workspace, Settings(), TrainRequest(), Cancel(), lambda event: None, kept)
    People(workspace).set_consent(NAME, noted("Desk one", WARN))
    UnknownStore(workspace, Settings().unknown).add(sighted(candidate=NAME))
    note_seen(workspace, "made-up-0000")
    return workspace


@pytest.fixture
def archive(source: Workspace, tmp_path: Path) -> Path:
    return Path(export_person(source, NAME, tmp_path / "person.zip").file)


def names_in(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


def test_a_person_goes_round_whole(archive: Path, source: Workspace, workspace: Workspace) -> None:
    done = import_person(workspace, archive, WARN)
    assert (done.name, done.pictures, done.sentence) == (NAME, 8, "")
    there, here = People(source).get(NAME), People(workspace).get(NAME)
    assert here.consent == there.consent
    assert here.created == there.created
    assert here.sessions == there.sessions
    for before, after in zip(
        People(source).pictures(there), People(workspace).pictures(here), strict=True
    ):
        assert np.array_equal(decode_crop(before), decode_crop(after))
        assert before.read_bytes() == after.read_bytes()


def test_the_archive_holds_everything_and_lists_it(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        index = json.loads(opened.read("index.json"))
        for each in index["files"]:
            data = opened.read(each["path"])
            assert len(data) == each["bytes"]
            assert hashlib.sha256(data).hexdigest() == each["sha256"]
        about = json.loads(opened.read("person.json"))
        (model,) = [n for n in opened.namelist() if n.startswith("models/")]
        entry = json.loads(opened.read(model))
        sightings = json.loads(opened.read("inbox.json"))
        readme = opened.read("README.txt").decode()
    assert about["consent"]["text"] == WARN.text
    assert len(about["last_seen"]) == 10
    assert np.linalg.norm(entry["centre"]) == pytest.approx(1, abs=1e-3)
    assert entry["trained_on"]
    assert len(sightings) == 1
    assert NAME in readme
    kinds = {name.split("/")[0] for name in names_in(archive)}
    assert kinds == {
        "index.json", "README.txt", "person.json", "inbox.json", "audit.jsonl", "sessions",
        "features", "models",
    }  # fmt: skip


def test_nothing_of_anybody_else_is_in_it(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            assert b"Made Up 0001" not in opened.read(name)
            assert "made-up-0001" not in name


def test_it_is_private_in_a_fixed_order_and_never_overwrites(
    archive: Path, source: Workspace, tmp_path: Path
) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    again = export_person(source, NAME, tmp_path / "again.zip")
    names = names_in(archive)
    assert names == names_in(Path(again.file))
    assert names[0] == "index.json"
    assert names[1:] == sorted(names[1:])
    before = archive.read_bytes()
    with pytest.raises(UsageError, match="already"):
        export_person(source, NAME, archive)
    assert archive.read_bytes() == before


def test_a_folder_that_cannot_be_looked_at_is_a_typed_error(
    source: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(WorkspaceUnusable, match="write the archive"):
        export_person(source, NAME, tmp_path / ("long" * 100) / "person.zip")


def test_entries_of_an_audit_log_come_along(source: Workspace, tmp_path: Path) -> None:
    export_person(source, NAME, tmp_path / "a.zip")
    export_person(source, NAME, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as opened:
        entries = [json.loads(line) for line in opened.read("audit.jsonl").splitlines()]
    told = [entry["action"] for entry in entries[-3:]]
    assert told == ["began", "person-exported", "began"]  # the last one is this very export
    assert len({entry["subject"] for entry in entries}) == 1


def test_a_failed_export_leaves_no_file(
    source: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> list[str]:
        raise DataError("broken")

    with pytest.raises(PersonNotFound):
        export_person(source, "Nobody", tmp_path / "a.zip")

    monkeypatch.setattr("engine.rights.templates.Models.export", broken)
    with pytest.raises(DataError):
        export_person(source, NAME, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_the_same_person_twice_is_refused(archive: Path, workspace: Workspace) -> None:
    import_person(workspace, archive, WARN)
    with pytest.raises(NameTaken):
        import_person(workspace, archive, WARN)


def test_the_rule_about_consent_holds(
    source: Workspace, workspace: Workspace, tmp_path: Path
) -> None:
    refuse = ConsentSettings(required="refuse")
    archive = Path(export_person(source, "Made Up 0001", tmp_path / "b.zip").file)
    with pytest.raises(ConsentMissing):
        import_person(workspace, archive, refuse)
    assert People(workspace).list() == ()
    done = import_person(workspace, archive, refuse, by="Desk two")
    consent = People(workspace).get(done.name).consent
    assert consent is not None
    assert consent.by == "Desk two"


def test_templates_of_an_archive_are_not_taken(archive: Path, workspace: Workspace) -> None:
    import_person(workspace, archive, WARN)
    assert list(workspace.features.rglob("*.npz")) == []
    assert list(workspace.models.iterdir()) == []


# --- hostile archives ----------------------------------------------------------------------------

Entries = dict[str, bytes]


def rebuilt(
    archive: Path, change: Callable[[Entries], None], *, listed: bool = True, **attributes: int
) -> Path:
    """The archive with changed entries; with `listed` its index tells of them as they are."""
    with zipfile.ZipFile(archive) as opened:
        entries = {name: opened.read(name) for name in opened.namelist()}
    index = json.loads(entries.pop("index.json"))
    change(entries)
    if listed:
        index["files"] = [
            {"path": n, "bytes": len(d), "sha256": hashlib.sha256(d).hexdigest()}
            for n, d in entries.items()
        ]
    target = archive.with_name("hostile.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in {"index.json": json.dumps(index).encode(), **entries}.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = attributes.get("mode", 0o600) << 16 if name == "inbox.json" else 0
            made.writestr(info, data)
    return target


def picture_of(entries: Entries) -> str:
    return next(name for name in sorted(entries) if name.endswith(".png"))


def put(name: str, data: bytes) -> Callable[[Entries], None]:
    return lambda entries: entries.update({name: data})


def replaced(data: bytes) -> Callable[[Entries], None]:
    return lambda entries: entries.update({picture_of(entries): data})


def big_picture() -> bytes:
    """A PNG that claims 50,000 x 50,000 pixels."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (1, 1)).save(out, "PNG")
    data = bytearray(out.getvalue())
    data[16:24] = (50_000).to_bytes(4, "big") * 2
    return bytes(data)


@pytest.mark.parametrize(
    "change",
    [
        put("../evil.png", b"x"),
        put("/etc/evil", b"x"),
        put("sessions/../../0001.png", b"x"),
        put("sessions/a/../0001.png", b"x"),
        put("sessions\\a\\0001.png", b"x"),
        put("sessions/.tmp-x/0001.png", b"x"),
        put("sessions/a/0001.png/x", b"x"),
        put("sessions/a/evil.sh", b"x"),
        put("models/../../x.json", b"{}"),
        put("person.json", b"[]"),
        put("person.json", b'{"name": "A\\u202eB"}'),
        put("person.json", b'{"name": "Ada", "consent": {"by": 3}}'),
        put("person.json", b"[" * 100_000),
        replaced(b"no picture"),
        replaced(big_picture()),
        replaced(encode_png(np.zeros((160, 160, 3), np.uint8))[:-30]),
    ],
)
def test_a_hostile_archive_changes_nothing(
    archive: Path, workspace: Workspace, change: Callable[[Entries], None]
) -> None:
    with pytest.raises(FacedeskError):
        import_person(workspace, rebuilt(archive, change), WARN)
    assert People(workspace).list() == ()
    assert list(workspace.people.iterdir()) == []
    assert not (workspace.root.parent / "evil.png").exists()


def test_a_changed_byte_is_refused(archive: Path, workspace: Workspace) -> None:
    other = encode_png(np.full((160, 160, 3), 7, np.uint8))
    with pytest.raises(DataError, match="does not match its recorded SHA-256"):
        import_person(workspace, rebuilt(archive, replaced(other), listed=False), WARN)
    assert list(workspace.people.iterdir()) == []


def test_what_the_index_does_not_list_is_refused(archive: Path, workspace: Workspace) -> None:
    hostile = rebuilt(archive, put("models/x.json", b"{}"), listed=False)
    with pytest.raises(DataError, match="index does not list"):
        import_person(workspace, hostile, WARN)


def test_a_link_is_refused(archive: Path, workspace: Workspace) -> None:
    hostile = rebuilt(archive, lambda entries: None, mode=stat.S_IFLNK | 0o777)
    with pytest.raises(DataError, match="link or device"):
        import_person(workspace, hostile, WARN)


def test_an_entry_twice_is_refused(archive: Path, workspace: Workspace) -> None:
    with zipfile.ZipFile(archive, "a") as opened, pytest.warns(UserWarning, match="Duplicate"):
        opened.writestr("person.json", b'{"name": "Eve"}')
    with pytest.raises(DataError, match="does not belong there"):
        import_person(workspace, archive, WARN)


def test_a_bomb_is_refused_before_it_is_unpacked(archive: Path, workspace: Workspace) -> None:
    hostile = rebuilt(archive, put("inbox.json", b" " * (17 << 20)))
    assert hostile.stat().st_size < 4 << 20
    with pytest.raises(DataError, match="too large"):
        import_person(workspace, hostile, WARN)


def test_too_many_bytes_in_all_are_refused(
    archive: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "LARGEST_ARCHIVE", archive.stat().st_size)
    hostile = rebuilt(archive, put("inbox.json", b" " * (8 << 20)))
    with pytest.raises(DataError, match="unpack to too much"):
        import_person(workspace, hostile, WARN)


def test_what_hides_behind_a_picture_does_not_come_along(
    archive: Path, workspace: Workspace
) -> None:
    picture = encode_png(np.full((160, 160, 3), 9, np.uint8))
    hostile = rebuilt(archive, replaced(picture + b"PK\x03\x04 a payload"))
    import_person(workspace, hostile, WARN)
    held = [file.read_bytes() for file in workspace.people.rglob("*.png")]
    assert picture in held
    assert all(b"payload" not in data for data in held)


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all" * 100])
def test_a_file_that_is_no_archive_is_said_to_be_none(
    workspace: Workspace, tmp_path: Path, data: bytes
) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(data)
    with pytest.raises(DataError):
        import_person(workspace, file, WARN)


def test_a_missing_file_or_a_folder_is_a_usage_error(workspace: Workspace, tmp_path: Path) -> None:
    for path in (tmp_path / "absent.zip", tmp_path):
        with pytest.raises(UsageError):
            import_person(workspace, path, WARN)
