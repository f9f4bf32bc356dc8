"""Archives of a person that want our memory, or that bring a consent nobody gave."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from engine.contract.errors import ConsentMissing, DataError
from engine.contract.people import noted
from engine.people import roster
from engine.people.registry import People, utc_now
from engine.pictures import encode_png
from engine.rights.take_in import import_person
from engine.rights.upkeep import unseen
from engine.settings import ConsentSettings, RetentionSettings, Settings
from engine.workspace.folder import Workspace
from tests.attack.child import Told, child

WARN, REFUSE = ConsentSettings(), ConsentSettings(required="refuse")
FEW = 60
"""MiB that refusing an archive, or taking a small person in, may take."""
PICTURE, RECORDS, ROWS = (
    "sessions/s1/0001.png",
    "sessions/s1/pictures.jsonl",
    f"features/{'0' * 32}/s1.npz",
)
STORED, PACKED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


def archive(folder: Path, consent: object = None, packing: int = PACKED, **more: bytes) -> Path:
    """An archive of Ada with one picture; `more` are further entries."""
    entries = {
        "person.json": json.dumps({"name": "Ada", "consent": consent}).encode(),
        PICTURE: encode_png(np.full((160, 160, 3), 90, np.uint8)),
        **more,
    }
    listed = [
        {"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in entries.items()
    ]
    index = json.dumps({"format": 1, "files": listed}).encode()
    with zipfile.ZipFile(folder / "ada.zip", "w", packing) as made:
        for name, data in {"index.json": index, **entries}.items():
            made.writestr(name, data, STORED if name == PICTURE else packing)
    return folder / "ada.zip"


def taken_in(folder: Path, file: Path) -> Told:
    """What comes of importing, in a process of its own."""
    return child(
        "with workspace.writer('test'):\n"
        "    try: said = import_person(workspace, Path(file), ConsentSettings()).pictures\n"
        "    except DataError as error: said = error.message.partition(': ')[2]\n",
        "from pathlib import Path\n"
        "from engine.settings import ConsentSettings\n"
        "from engine.contract.errors import DataError\n"
        "from engine.rights.take_in import import_person\n"
        "from engine.workspace.folder import Workspace\n"
        "workspace = Workspace(Path(folder))\n"
        "workspace.prepare()\n",
        folder=str(folder / "w"),
        file=str(file),
    )


def nobody(folder: Path) -> bool:
    return not list((folder / "w" / "people").iterdir())


@pytest.mark.parametrize("name", [ROWS, RECORDS, "person.json", "inbox.json"])
def test_what_unpacks_to_a_thousand_times_its_size_is_refused(tmp_path: Path, name: str) -> None:
    size = {ROWS: 80 << 20, RECORDS: 60 << 20}.get(name, 15 << 20)
    told = taken_in(tmp_path, archive(tmp_path, **{name: b" " * size}))
    assert told.said == f"{name!r} would unpack to too much"
    assert told.megabytes < FEW
    assert nobody(tmp_path)


def test_rows_of_any_size_are_looked_at_piece_by_piece(tmp_path: Path) -> None:
    told = taken_in(tmp_path, archive(tmp_path, packing=STORED, **{ROWS: b" " * (80 << 20)}))
    assert told.said == 1
    assert told.megabytes < FEW


@pytest.mark.parametrize("line", [b"{}\n", b"\n", b"["], ids=["empty", "blank", "no line"])
def test_records_without_end_are_not_parsed(tmp_path: Path, line: bytes) -> None:
    lines = line * ((30 << 20) // len(line))
    told = taken_in(tmp_path, archive(tmp_path, packing=STORED, **{RECORDS: lines}))
    assert told.said == "it holds more records than pictures, or a line without end"
    assert told.megabytes < FEW
    assert nobody(tmp_path)


def test_a_picture_has_one_record(tmp_path: Path, workspace: Workspace) -> None:
    line = (
        b'{"file": "0001.png", "box": [1, 2, 3, 4], "frame": %d, "seconds": 0, '
        b'"eyes_found": true, "brightness": 1, "sharpness": 1}\n'
    )
    records = b"".join(line % number for number in range(100))
    import_person(workspace, archive(tmp_path, **{RECORDS: records}), WARN)
    (kept,) = workspace.people.glob("*/s1/pictures.jsonl")
    assert [json.loads(each)["frame"] for each in kept.read_text().splitlines()] == [0]


@pytest.mark.parametrize("name", ["person.json", "sessions/s1/session.json"])
def test_json_of_millions_of_objects_is_not_parsed(tmp_path: Path, name: str) -> None:
    data = b"[" + b"[]," * (5 << 20) + b"0]"
    told = taken_in(tmp_path, archive(tmp_path, packing=STORED, **{name: data}))
    assert told.said == f"{name!r} is too large"
    assert told.megabytes < FEW
    assert nobody(tmp_path)


@pytest.mark.parametrize("large", [False, True], ids=["zip", "zip64"])
def test_a_list_of_300_000_entries_is_not_read(tmp_path: Path, large: bool) -> None:
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", *[0] * 14, 0, 0)
    listed = entry * 300_000
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0, 0, len(listed), 0, 0)
    if large:
        end = (
            struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 0, 0, len(listed), 0)
            + struct.pack("<4sIQI", b"PK\6\7", 0, len(listed), 1)
            + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 0)
        )
    (tmp_path / "ada.zip").write_bytes(listed + end)
    told = taken_in(tmp_path, tmp_path / "ada.zip")
    assert told.said == "it has more entries than a person's archive"
    assert told.megabytes < FEW


def test_entries_that_share_their_bytes_are_refused(tmp_path: Path, workspace: Workspace) -> None:
    file = archive(tmp_path)
    data = bytearray(file.read_bytes())
    place = data.index(b"PK\1\2")
    struct.pack_into("<I", data, place + 20, len(data))
    file.write_bytes(data)
    with pytest.raises(DataError, match="entries overlap"):
        import_person(workspace, file, WARN)


def test_the_consent_of_an_archive_is_not_believed_where_consent_is_required(
    tmp_path: Path, workspace: Workspace
) -> None:
    forged = noted("The hospital's ethics board", REFUSE).to_json()
    file = archive(tmp_path, forged)
    with pytest.raises(ConsentMissing, match="archive says of Ada is not believed") as refused:
        import_person(workspace, file, REFUSE)
    assert "--consent WHO" in refused.value.hint
    assert People(workspace).list() == ()
    import_person(workspace, file, REFUSE, by="Desk two")
    consent = People(workspace).get("Ada").consent
    assert consent is not None
    assert consent.by == "Desk two"


def test_the_roster_is_believed_instead(tmp_path: Path, workspace: Workspace) -> None:
    (tmp_path / "roster.csv").write_text("name,consent\nAda,sheet 7\n")
    roster.add(workspace, tmp_path / "roster.csv")
    import_person(workspace, archive(tmp_path, noted("Mallory", REFUSE).to_json()), REFUSE)
    consent = People(workspace).get("Ada").consent
    assert consent is not None
    assert consent.by == "roster: sheet 7"


def test_a_consent_taken_back_is_believed_whatever_the_roster_says(
    tmp_path: Path, workspace: Workspace
) -> None:
    (tmp_path / "roster.csv").write_text("name,consent\nAda,sheet 7\n")
    roster.add(workspace, tmp_path / "roster.csv")
    back = noted("Desk one", REFUSE).to_json() | {"withdrawn": "2026-01-01T00:00:00Z"}
    with pytest.raises(ConsentMissing):
        import_person(workspace, archive(tmp_path, back), REFUSE)
    assert People(workspace).list() == ()


def test_where_it_is_only_told_the_archive_is_quoted(tmp_path: Path, workspace: Workspace) -> None:
    done = import_person(workspace, archive(tmp_path, noted("Desk one", WARN).to_json()), WARN)
    consent = People(workspace).get("Ada").consent
    assert (done.sentence, consent and consent.by) == ("", "Desk one")


@pytest.mark.parametrize("moment", ["9999-99-99", "\x1b[2J", "2999-01-01T00:00:00+00:00", 10**40])
def test_a_moment_that_is_none_or_to_come_keeps_nobody_for_ever(
    tmp_path: Path, workspace: Workspace, moment: object
) -> None:
    head = json.dumps({"source": "a camera", "started": str(moment)}).encode()
    about = json.dumps({"name": "Ada", "created": moment}).encode()
    file = archive(tmp_path, **{"person.json": about, "sessions/s1/session.json": head})
    with workspace.writer("test"):
        import_person(workspace, file, WARN)
    ada = People(workspace).get("Ada")
    long_ago = Settings(retention=RetentionSettings(people_days=1))
    assert "2026" < ada.created <= utc_now()
    later = datetime.now(UTC) + timedelta(days=2)
    (told,) = unseen(workspace, long_ago, later)
    assert told.name == "Ada"
