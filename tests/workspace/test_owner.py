"""Who else may reach a workspace, and what is done about it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.contract.errors import WorkspaceShared
from engine.settings import PrivacySettings
from engine.workspace.owner import exposures, file_system, refuse_exposed

ROOT_LINE = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw"


def mounts(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text("\n".join((ROOT_LINE, *lines)) + "\n")
    return path


def mounted(point: Path, kind: str) -> str:
    place = str(point).replace(" ", "\\040")
    return f"99 22 0:50 / {place} rw,relatime - {kind} server:/export rw"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "the workspace"
    made.mkdir(mode=0o700)
    return made


def test_a_private_folder_on_a_disk_of_ones_own_is_exposed_to_nobody(
    root: Path, tmp_path: Path
) -> None:
    assert exposures(root, mounts(tmp_path)) == ()


def test_a_private_folder_in_a_world_readable_one_is_fine(root: Path, tmp_path: Path) -> None:
    root.parent.chmod(0o755)
    assert exposures(root, mounts(tmp_path)) == ()


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o701, 0o777, 0o720])
def test_a_folder_that_others_may_look_into_is_told_with_the_remedy(
    root: Path, tmp_path: Path, mode: int
) -> None:
    root.chmod(mode)
    (found,) = exposures(root, mounts(tmp_path))
    assert (found.kind, found.remedy) == ("readable", f"chmod go-rwx {root}")
    assert f"{mode:04o}" in found.text


@pytest.mark.parametrize(
    "kind",
    ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "vboxsf", "virtiofs", "ceph", "davfs"],
)
def test_a_network_or_shared_file_system_is_told(root: Path, tmp_path: Path, kind: str) -> None:
    (found,) = exposures(root, mounts(tmp_path, mounted(root, kind)))
    assert found.kind == "network"
    assert kind in found.text


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "tmpfs", "overlay", "fuse.gocryptfs", "zfs"])
def test_a_file_system_of_this_computer_is_not(root: Path, tmp_path: Path, kind: str) -> None:
    assert exposures(root, mounts(tmp_path, mounted(root, kind))) == ()


@pytest.mark.parametrize("kind", ["vfat", "exfat"])
def test_a_stick_without_permissions_is_told_what_helps(
    root: Path, tmp_path: Path, kind: str
) -> None:
    root.chmod(0o755)
    (found,) = exposures(root, mounts(tmp_path, mounted(root, kind)))
    assert found.kind == "modes"
    assert "umask=077" in found.remedy


def test_a_workspace_that_does_not_exist_yet_is_judged_by_where_it_will_lie(
    root: Path, tmp_path: Path
) -> None:
    root.chmod(0o755)
    (found,) = exposures(root / "new" / "deep", mounts(tmp_path, mounted(root, "nfs4")))
    assert found.kind == "network"


def test_the_innermost_and_latest_mount_counts(root: Path, tmp_path: Path) -> None:
    lines = mounted(tmp_path, "nfs4"), mounted(root, "nfs4"), mounted(root, "ext4")
    assert file_system(root, mounts(tmp_path, *lines)) == "ext4"
    assert file_system(tmp_path, mounts(tmp_path, *lines)) == "nfs4"


def test_another_owner_is_told(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(root).st_uid + 1)
    assert [each.kind for each in exposures(root, mounts(tmp_path))] == ["owner"]


def test_where_there_is_no_mountinfo_only_modes_count(root: Path, tmp_path: Path) -> None:
    assert exposures(root, tmp_path / "absent") == ()


def test_a_line_that_is_no_mount_is_passed_over(root: Path, tmp_path: Path) -> None:
    assert file_system(root, mounts(tmp_path, "rubbish", "", "a b c - nfs")) == "ext4"


def test_warning_is_the_rule_and_refusing_a_setting(root: Path) -> None:
    root.chmod(0o755)
    assert len(refuse_exposed(root, PrivacySettings())) == 1
    with pytest.raises(WorkspaceShared, match="0755") as caught:
        refuse_exposed(root, PrivacySettings(shared_folder="refuse"))
    assert f"chmod go-rwx {root}" in caught.value.hint
