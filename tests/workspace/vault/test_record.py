"""vault.json: opens with the right key only, and with nothing in it changed."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.contract.errors import VaultError, WrongKey
from engine.workspace.vault.envelope import DataKey
from engine.workspace.vault.keys import Opener, VaultRecord, Wrap, from_passphrase, read_record

KEY = DataKey.make()
FILE_KEY = Opener("key-file", bytes(range(32)))
WORDS = from_passphrase("four words of mine")


def made(opener: Opener) -> VaultRecord:
    wrap = Wrap("key-file") if opener.by == "key-file" else Wrap.of_passphrase(1 << 14)
    return VaultRecord.make(KEY, opener, wrap, "sealed")


def forge(root: Path, **changes: Any) -> None:
    """Change fields of vault.json as somebody would who can compute a digest but has no key."""
    path = root / "vault.json"
    body = {**json.loads(path.read_bytes()), **changes}
    del body["check"]
    text = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    body["check"] = hashlib.sha256(text).hexdigest()
    path.write_text(json.dumps(body))


@pytest.mark.parametrize("opener", [FILE_KEY, WORDS], ids=["key file", "passphrase"])
def test_the_key_comes_back_from_disk(tmp_path: Path, opener: Opener) -> None:
    record = made(opener)
    record.save(tmp_path)
    read = read_record(tmp_path)
    assert read == record
    assert read.unwrap(opener.key(read.wrap)) == KEY


def test_there_is_no_vault_without_the_file(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None


def test_a_file_in_the_workspace_s_place_is_no_damaged_vault(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no workspace")
    assert read_record(tmp_path / "notes.txt") is None


@pytest.mark.parametrize(
    ("opener", "title"),
    [(WORDS, "The passphrase is wrong"), (FILE_KEY, "The key file is the wrong one")],
)
def test_a_wrong_key_is_said_with_a_hint(opener: Opener, title: str) -> None:
    with pytest.raises(WrongKey) as caught:
        made(opener).unwrap(bytes(32))
    assert caught.value.title == title
    assert KEY.id.hex()[:8] in caught.value.hint


def test_the_file_holds_no_secret(tmp_path: Path) -> None:
    made(FILE_KEY).save(tmp_path)
    data = (tmp_path / "vault.json").read_bytes()
    for secret in (KEY.secret, FILE_KEY.secret):
        for form in (secret, secret.hex().encode(), base64.b64encode(secret)):
            assert form not in data


def test_whoever_sets_the_state_back_has_a_vault_that_does_not_open(tmp_path: Path) -> None:
    made(FILE_KEY).save(tmp_path)
    forge(tmp_path, state="sealing")
    read = read_record(tmp_path)
    assert read is not None
    with pytest.raises(WrongKey):
        read.unwrap(FILE_KEY.key(read.wrap))


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"format": "other"},
        {"cipher": "ROT13"},
        {"state": "open"},
        {"key": "00"},
        {"created": "\x1b[2J2026-01-01"},
        {"created": 5},
        {"wrapped": "AAAA"},
        {"opened_by": "passphrase", "scrypt": {"n": 1 << 40, "r": 8, "p": 1, "salt": "00" * 16}},
        {"opened_by": "passphrase", "scrypt": {"n": "9", "r": 8, "p": 1, "salt": "00" * 16}},
        {"opened_by": "passphrase"},
    ],
)
def test_a_vault_of_other_kind_or_bounds_is_refused_before_any_work(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    made(FILE_KEY).save(tmp_path)
    forge(tmp_path, **changes)
    with pytest.raises(VaultError):
        read_record(tmp_path)


def test_damage_is_told_from_a_wrong_key(tmp_path: Path) -> None:
    made(FILE_KEY).save(tmp_path)
    data = (tmp_path / "vault.json").read_bytes()
    for place in [p for p in range(len(data)) if data[p : p + 1].isalnum()]:
        changed = bytearray(data)
        changed[place] ^= 1
        (tmp_path / "vault.json").write_bytes(changed)
        with pytest.raises(VaultError, match="damaged"):
            read_record(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "9" * 70_000, "[" * 60_000])
def test_rubbish_is_a_damaged_vault(tmp_path: Path, text: str) -> None:
    (tmp_path / "vault.json").write_text(text)
    with pytest.raises(VaultError, match="damaged"):
        read_record(tmp_path)


def test_wrapping_anew_changes_what_opens_and_not_the_key() -> None:
    record = made(WORDS)
    other = replace(record, wrap=Wrap("key-file")).wrapping(KEY, FILE_KEY.secret)
    assert other.unwrap(FILE_KEY.secret) == KEY
    with pytest.raises(WrongKey):
        other.unwrap(WORDS.key(record.wrap))
