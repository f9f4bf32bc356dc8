"""Where the key comes from, and how it reaches the children and nothing else."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from whole_workspace import OPENER, SECRET

from engine.contract.errors import VaultError, VaultLocked, WrongKey
from engine.contract.messages import Hello
from engine.desk.wire import decode, encode
from engine.settings import VaultSettings
from engine.workspace.files import read_bytes
from engine.workspace.folder import Workspace
from engine.workspace.vault import convert, opened
from engine.workspace.vault.keys import Opener, VaultRecord, Wrap, from_passphrase, unlock

WORDS = "four words of mine"


def private(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    path.chmod(0o600)
    return path


@pytest.fixture
def by_key(filled: Workspace) -> Workspace:
    """Encrypted by a key file, locked."""
    convert.create(filled, OPENER)
    opened.forget(filled.root)
    return filled


@pytest.fixture
def by_words(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Encrypted by a passphrase of the least costs, locked."""
    cheap = Wrap.of_passphrase(1 << 14)
    monkeypatch.setattr(Wrap, "of_passphrase", lambda: cheap)
    convert.create(filled, from_passphrase(WORDS))
    opened.forget(filled.root)
    return filled


def is_open(workspace: Workspace) -> bool:
    return read_bytes(workspace.models / "current") == SECRET


def nobody(_record: VaultRecord) -> Opener:
    raise AssertionError("nobody is to be asked")


def test_the_key_file_of_the_settings_opens(by_key: Workspace, tmp_path: Path) -> None:
    path = private(tmp_path / "a.key", OPENER.secret)
    unlock(by_key.root, VaultSettings(key_file=str(path)), nobody)
    assert is_open(by_key)


def test_a_credential_of_systemd_opens(
    by_key: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private(tmp_path / "facedesk.key", OPENER.secret).chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    unlock(by_key.root, VaultSettings(), nobody)
    assert is_open(by_key)


def test_a_passphrase_file_opens(by_words: Workspace, tmp_path: Path) -> None:
    path = private(tmp_path / "phrase", WORDS.encode() + b"\n")
    unlock(by_words.root, VaultSettings(passphrase_file=str(path)), nobody)
    assert is_open(by_words)


def test_standard_input_opens(by_words: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{WORDS}\nand more\n"))
    unlock(by_words.root, VaultSettings(passphrase_file="-"), nobody)
    assert is_open(by_words)


def test_an_empty_standard_input_is_said(
    by_words: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(VaultLocked, match="standard input"):
        unlock(by_words.root, VaultSettings(passphrase_file="-"))


def test_the_operator_is_asked_last_and_for_a_passphrase_only(
    by_words: Workspace,
) -> None:
    unlock(by_words.root, VaultSettings(), lambda record: from_passphrase(WORDS))
    assert is_open(by_words)


def test_nobody_is_asked_for_a_key_file(by_key: Workspace) -> None:
    with pytest.raises(VaultLocked):
        unlock(by_key.root, VaultSettings(), nobody)


def test_without_anybody_to_ask_it_stays_locked(by_words: Workspace) -> None:
    with pytest.raises(VaultLocked) as caught:
        unlock(by_words.root, VaultSettings())
    assert "vault.passphrase_file" in caught.value.hint


def test_a_wrong_passphrase_is_told_from_a_missing_file(
    by_words: Workspace, tmp_path: Path
) -> None:
    path = private(tmp_path / "phrase", b"other words")
    with pytest.raises(WrongKey):
        unlock(by_words.root, VaultSettings(passphrase_file=str(path)))
    with pytest.raises(VaultError, match="No such file"):
        unlock(by_words.root, VaultSettings(passphrase_file=str(tmp_path / "absent")))


def test_a_plain_workspace_needs_nothing(workspace: Workspace) -> None:
    assert unlock(workspace.root, VaultSettings(), nobody) is None


def test_a_plain_workspace_can_be_refused(workspace: Workspace) -> None:
    with pytest.raises(VaultLocked, match=r"vault\.required"):
        unlock(workspace.root, VaultSettings(required=True))


def test_what_is_open_is_not_opened_again(by_key: Workspace, tmp_path: Path) -> None:
    path = private(tmp_path / "a.key", OPENER.secret)
    first = unlock(by_key.root, VaultSettings(key_file=str(path)))
    assert unlock(by_key.root, VaultSettings(), nobody) is first


# --- children ------------------------------------------------------------------------------------


def test_the_greeting_of_a_child_brings_the_key_and_does_not_show_it(by_key: Workspace) -> None:
    unlock_with = opened.pass_on(by_key.root)
    assert unlock_with == b""
    convert.change_key(by_key, OPENER, OPENER)
    hello = Hello(workspace="w", settings={}, vault=opened.pass_on(by_key.root))
    assert len(hello.vault) == 46
    assert "vault" not in repr(hello)
    message = encode(hello)
    length = int.from_bytes(message[:4])
    assert decode(message[8 : 8 + length], message[8 + length :]) == hello
