"""The last search of an erasure reads what there is to read, and says what it did not."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.bench.material import crops_of
from engine.contract import EvaluateDone
from engine.contract.people import Answers, Erased
from engine.evaluate.report import write_report
from engine.people.person import Person
from engine.people.registry import People
from engine.pictures import encode_png
from engine.rights.archive import is_report
from engine.rights.erase import erase
from engine.rights.stores import export_person
from engine.workspace.files import write_bytes, write_json
from engine.workspace.folder import Workspace
from engine.workspace.vault import convert, opened
from engine.workspace.vault.keys import Opener

ANN = "Ann Sour"
COUNT = 24
SAMPLES = {
    "own": np.linspace(0.2, 0.6, 9),
    "other": np.linspace(-0.1, 0.2, 9),
    "stranger": np.linspace(-0.2, 0.1, 9),
}


def enrol(workspace: Workspace, name: str = ANN, count: int = 3) -> Person:
    people = People(workspace)
    person = people.add(name)
    folder = people.session_directory(person.slug, people.new_session(person, "folder", "points"))
    for number, crop in enumerate(crops_of(1, count), 1):
        write_bytes(folder / f"{number:04d}.png", encode_png(crop))
    return people.get(name)


def report(path: Path, *names: str) -> None:
    """An evaluation's report about these people."""
    done = EvaluateDone(
        model="m1", recipe="head", people=names, probes=20, missed=1, strangers=30,
        stranger_people=10, strangers_from="folder", fpir=0.01, threshold=0.25, rank1=0.9,
        tpir={"0.05": 0.8}, fpir_at_threshold=0.0, tpir_at_threshold=0.7, intervals={},
        per_person=dict.fromkeys(names, (10, 9, 8)), per_session={},
        confusion=tuple(tuple([1] * (len(names) + 1)) for _ in names),
        det=((0.0, 1.0, 0.1), (0.5, 0.0, 1.0)), confused=(), suspects=(), sentence="Good.",
        warnings=(),
    )  # fmt: skip
    write_report(path, done, SAMPLES, lambda picture: None)


def never_clean(done: Erased) -> bool:
    texts = (done.receipt.statement, Path(done.file).with_suffix(".json"))
    said = [text if isinstance(text, str) else plain(text) for text in texts]
    return not any("found no" in text for text in said)


def plain(path: Path) -> str:
    from engine.workspace.files import read_bytes

    return read_bytes(path).decode()


@pytest.fixture(params=["plain", "encrypted"])
def either(request: pytest.FixtureRequest, workspace: Workspace) -> Iterator[Workspace]:
    """A workspace with Ann, encrypted or not."""
    enrol(workspace, count=COUNT)
    if request.param == "encrypted":
        convert.create(workspace, Opener("key-file", bytes(range(32))))
    yield workspace
    opened.forget(workspace.root)


def test_what_was_exported_is_found_in_an_encrypted_workspace_too(either: Workspace) -> None:
    from engine.workspace.files import read_bytes

    export = either.root / "export"
    export.mkdir()
    for file in (either.people / "ann-sour").rglob("*.png"):
        (export / file.name).write_bytes(read_bytes(file))
    export_person(either, ANN, either.root / "ann.zip")
    report(either.root / "report" / "evaluation.html", ANN, "Bob")
    (either.root / "letter.txt").write_text(f"Dear {ANN},")
    done = erase(either, ANN)
    assert done.receipt.removed["copies of pictures"] == COUNT
    assert done.receipt.removed["archives"] == 1
    assert done.receipt.removed["reports"] == 1
    assert done.left == ("letter.txt",)
    assert done.unread == ()
    assert list(export.iterdir()) == []
    assert not (either.root / "ann.zip").exists()


def test_a_sealed_file_under_another_name_is_read(either: Workspace) -> None:
    """Whoever copies a file of the workspace may give it any name."""
    shutil.copy(either.people / "ann-sour" / "person.json", either.root / "copy.txt")
    picture = next((either.people / "ann-sour").rglob("*.png"))
    shutil.copy(picture, either.root / "copy.dat")
    assert set(erase(either, ANN).left) == {"copy.txt", "copy.dat"}


def test_a_list_of_lines_of_both_kinds_is_read(either: Workspace) -> None:
    from engine.workspace.files import append_line

    log = either.people.parent / "notes.jsonl"
    append_line(log, b'{"who": "nobody"}')
    with open(log, "ab") as file:
        file.write(json.dumps({"who": ANN}).encode() + b"\n")
    assert erase(either, ANN).left == ("notes.jsonl",)


def test_what_was_not_read_is_named_and_nothing_is_called_clean(either: Workspace) -> None:
    (either.root / "sealed.bin").write_bytes(b"\x8fFDSEAL\x01" + bytes(60))
    (either.root / "packed.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(60))
    (either.root / "rows.npz").write_bytes(b"no arrays")
    done = erase(either, ANN)
    assert set(done.unread) == {"sealed.bin", "packed.7z", "rows.npz"}
    assert done.receipt.searched["unread"] == 3
    assert never_clean(done)
    for name in done.unread:
        assert name in done.receipt.statement
        assert name in plain(Path(done.file))


def test_an_unread_file_that_bears_the_name_is_told_and_not_named_in_the_receipt(
    workspace: Workspace,
) -> None:
    enrol(workspace)
    (workspace.root / f"{ANN}.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(60))
    done = erase(workspace, ANN)
    assert done.left == done.unread == (f"{ANN}.7z",)
    assert ANN not in plain(Path(done.file))
    assert never_clean(done)


def test_a_receipt_that_names_an_unread_file_forgets_whom_it_is_called_after(
    workspace: Workspace,
) -> None:
    enrol(workspace)
    enrol(workspace, "Bob Ray", 1)
    (workspace.root / "Bob Ray.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(60))
    first = erase(workspace, ANN, answers=Answers(shared_stay=True))
    assert "Bob Ray.7z" in plain(Path(first.file))
    (workspace.root / "Bob Ray.7z").unlink()
    done = erase(workspace, "Bob Ray")
    assert done.left == ()
    assert "Bob Ray" not in plain(Path(first.file))
    assert "a file that bears the name" in plain(Path(first.file))
    assert first.receipt.id in plain(Path(first.file))


def test_a_pipe_does_not_hold_the_search_up_and_is_told(workspace: Workspace) -> None:
    enrol(workspace)
    os.mkfifo(workspace.root / "pipe")
    assert erase(workspace, ANN).unread == ("pipe",)


def zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("docs/letter.txt", data)
    return buffer.getvalue()


def tarred(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("letter.txt")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


WAYS: dict[str, Callable[[str], bytes]] = {
    "utf-16.csv": lambda name: f"name;day\r\n{name};1\r\n".encode("utf-16"),
    "utf-16-without-mark.txt": lambda name: f"name: {name}!".encode("utf-16-le"),
    "utf-32.txt": lambda name: name.encode("utf-32"),
    "decomposed.txt": lambda name: unicodedata.normalize("NFD", f"Dear {name}").encode(),
    "escaped.html": lambda name: "".join(f"&#{ord(c)};" for c in name).encode(),
    "link.url": lambda name: b"https://x/" + name.encode().hex("%").join(["%", ""]).encode(),
    "ascii.json": lambda name: json.dumps({"name": name}).encode(),
    "office.docx": lambda name: zipped(f"<w:t>{name}</w:t>".encode()),
    "twice.zip": lambda name: zipped(zipped(name.encode())),
    "backup.tar.gz": lambda name: tarred(name.encode()),
    "behind.exe": lambda name: b"MZ stub" + zipped(name.encode()),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_name_is_found_however_it_is_written(workspace: Workspace, way: str) -> None:
    name = "Zoë Quill"
    enrol(workspace, name)
    (workspace.root / way).write_bytes(WAYS[way](name))
    assert erase(workspace, name).left == (way,)


@pytest.mark.parametrize("packed", [zipped, tarred])
def test_a_picture_in_an_archive_of_the_operator_is_found(
    workspace: Workspace, packed: Callable[[bytes], bytes]
) -> None:
    ann = enrol(workspace)
    picture = next((workspace.people / ann.slug).rglob("*.png")).read_bytes()
    (workspace.root / "mine.bin").write_bytes(packed(picture))
    assert erase(workspace, ANN).left == ("mine.bin",)


def test_an_archive_that_unpacks_without_end_is_not_unpacked(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(workspace)
    monkeypatch.setattr("engine.rights.mentions.LARGEST", 1 << 20)
    (workspace.root / "bomb.zip").write_bytes(zipped(bytes(2 << 20)))
    (workspace.root / "bomb.tar.gz").write_bytes(tarred(bytes(2 << 20)))
    done = erase(workspace, ANN)
    assert set(done.unread) == {"bomb.zip", "bomb.tar.gz"}
    assert never_clean(done)


def test_an_index_that_no_archive_of_ours_has_does_not_stop_the_erasure(
    workspace: Workspace,
) -> None:
    enrol(workspace)
    files = [{"path": "person.json", "bytes": float("inf"), "sha256": ""}]
    with zipfile.ZipFile(workspace.root / "hostile.zip", "w") as archive:
        archive.writestr("person.json", "{}")
        archive.writestr("index.json", json.dumps({"format": 1, "files": files}))
    assert erase(workspace, ANN).left == ()


# --- reports -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Zoë O'Neil", "Ann & Bo", "Bo <b>", 'Al "Ace" Q', "A&amp;B"])
def test_our_report_is_found_whatever_is_escaped_in_the_name(
    workspace: Workspace, name: str
) -> None:
    enrol(workspace, name)
    report(workspace.root / "report" / "evaluation.html", name, "Bob")
    report(workspace.root / "report" / "bob.html", "Bob")
    done = erase(workspace, name)
    assert done.receipt.removed["reports"] == 1
    assert [file.name for file in (workspace.root / "report").iterdir()] == ["bob.html"]
    assert done.left == ()


def test_html_of_the_operator_that_says_facedesk_is_told_and_never_touched(
    workspace: Workspace,
) -> None:
    enrol(workspace)
    mine = workspace.root / "mine.html"
    mine.write_text(f"<html><p>How we use Facedesk, by {ANN}</p></html>")
    forged = workspace.root / "forged.html"
    forged.write_text(f"<html>{ANN}</html><!-- facedesk report sha256:{'0' * 64} -->\n")
    before = mine.read_bytes(), forged.read_bytes()
    done = erase(workspace, ANN)
    assert set(done.left) == {"mine.html", "forged.html"}
    assert (mine.read_bytes(), forged.read_bytes()) == before
    assert done.receipt.removed["reports"] == 0


def test_our_report_that_the_operator_wrote_into_is_theirs(workspace: Workspace) -> None:
    enrol(workspace)
    path = workspace.root / "evaluation.html"
    report(path, ANN)
    assert is_report(path.read_bytes())
    path.write_text(path.read_text().replace("Good.", "Good. See me about this, Eve."))
    assert not is_report(path.read_bytes())
    assert erase(workspace, ANN).left == ("evaluation.html",)
    assert "Eve" in path.read_text()


def test_a_clean_workspace_is_called_clean(workspace: Workspace) -> None:
    enrol(workspace)
    write_json(workspace.root / "mine.json", {"about": "somebody else"})
    done = erase(workspace, ANN)
    assert "found no name" in done.receipt.statement
    assert done.receipt.searched["unread"] == done.receipt.searched["ours"] == 0
