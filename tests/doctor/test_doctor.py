"""What the doctor makes of what it sees: states, and an exact remedy for all that is not ok."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.camera.v4l import Access, CameraFacts, PictureFormat, Size
from engine.cancel import Cancel
from engine.config import load_settings
from engine.contract import CameraMeasured, Check, Event, Finding, Found, JobEnded
from engine.contract.errors import SourceBusy, SourceDenied
from engine.contract.requests import CheckRequest
from engine.desk.local import LocalDesk
from engine.doctor import Place, cameras, checks, files
from engine.doctor.cameras import check_camera, meaning
from engine.doctor.checks import CHECKS, survey
from engine.settings import (
    CameraSettings,
    DetectionSettings,
    DetectorWish,
    EnrolmentSettings,
    GateSettings,
    ModelSettings,
    RuntimeWish,
    Settings,
)
from engine.workspace.folder import Workspace
from tests.desk.desk_driver import started

WEBCAM = CameraFacts(
    path=Path("/dev/video0"),
    name="HD Webcam",
    formats=(PictureFormat("MJPG", (Size(1280, 720, (30.0,)), Size(640, 480, (30.0,)))),),
    controls={"exposure_auto": 3, "exposure_time": 157},
    access=Access("root", "video", 0o660, "ada", usable=True, member=True),
)
GOOD = CameraMeasured(
    source="/dev/video0",
    detail="",
    width=640,
    height=480,
    seconds=2.0,
    frames=60,
    fps=29.8,
    promised=30.0,
    brightness=120.0,
    clipped=0.01,
    sharpness=80.0,
    identical=1,
    across=2,
    down=2,
    pixels=bytes(12),
)


def states(findings: list[Finding] | tuple[Finding, ...]) -> dict[str, str]:
    return {f.subject.split("/dev/video0")[-1].strip(): f.state for f in findings}


def all_mended(findings: list[Finding] | tuple[Finding, ...]) -> bool:
    return all(bool(f.remedy) == (f.state != "ok") for f in findings)


@pytest.fixture
def place(workspace: Workspace) -> Place:
    return Place(workspace, Settings())


def look(name: str, place: Place) -> tuple[Finding, ...]:
    """What the check of this name finds."""
    (check,) = (each for each in CHECKS if each.name == name)
    return check.findings(place)


@pytest.fixture
def camera(place: Place, monkeypatch: pytest.MonkeyPatch):
    def findings(facts: CameraFacts, **settings: int) -> tuple[Finding, ...]:
        monkeypatch.setattr(cameras, "inspect_cameras", lambda *where: (facts,))
        return look("camera", replace(place, settings=Settings(camera=CameraSettings(**settings))))

    return findings


def test_no_camera_is_a_note_that_says_what_to_do(place: Place, tmp_path: Path) -> None:
    (only,) = look("camera", replace(place, devices=tmp_path, cameras=tmp_path))
    assert only.state == "note"
    assert "sudo modprobe uvcvideo" in only.remedy


def test_a_camera_that_is_well_says_what_it_can_do(camera) -> None:
    found = camera(WEBCAM)
    assert states(found) == {"": "ok", "access": "ok", "formats": "ok", "exposure": "ok"}
    assert "MJPG up to 1280x720" in next(f.value for f in found if "formats" in f.subject)
    assert all_mended(found)


def test_a_metadata_device_alone_is_no_camera(camera) -> None:
    (only,) = camera(replace(WEBCAM, metadata=True))
    assert only.subject == "camera"


def test_a_denied_camera_names_the_command_that_lets_the_user_in(camera) -> None:
    hint = "Run `sudo usermod -aG video ada`, then log out and in again."
    trouble = SourceDenied("The camera may not be used", "group video", hint)
    found = camera(replace(WEBCAM, trouble=trouble, formats=(), controls={}))
    assert found[0].state == "warning"
    assert found[0].remedy == hint


def test_a_busy_camera_names_who_holds_it_and_how_to_end_them(camera) -> None:
    trouble = SourceBusy("The camera is in use", "/dev/video0 is held by cheese (process 41)")
    found = camera(replace(WEBCAM, trouble=trouble, holders=((41, "cheese"),)))
    assert "cheese" in found[0].value
    assert found[0].remedy.endswith("kill 41")


def test_a_camera_that_somebody_has_merely_open_is_a_note(camera) -> None:
    found = camera(replace(WEBCAM, holders=((41, "pipewire"),)))
    note = next(f for f in found if f.subject.endswith("open in"))
    assert (note.state, note.value) == ("note", "pipewire (process 41)")


def test_a_size_that_the_camera_lacks_comes_with_the_nearest_it_has(camera) -> None:
    found = camera(WEBCAM, width=1920, height=1080)
    formats = next(f for f in found if f.subject.endswith("formats"))
    assert formats.state == "note"
    assert formats.remedy == "export FACEDESK_CAMERA__WIDTH=1280 FACEDESK_CAMERA__HEIGHT=720"


@pytest.mark.parametrize(
    ("changes", "subject", "state"),
    [
        ({}, "rate", "ok"),
        ({"fps": 7.5}, "rate", "warning"),
        ({"identical": 59}, "picture", "trouble"),
        ({"brightness": 1.0}, "picture", "trouble"),
        ({"brightness": 30.0}, "light", "warning"),
        ({"brightness": 240.0}, "light", "warning"),
        ({"clipped": 0.5}, "light", "note"),
        ({"sharpness": 3.0}, "focus", "note"),
    ],
)
def test_measured_figures_have_their_meaning(changes, subject: str, state: str) -> None:
    measured = replace(GOOD, **changes)
    found = meaning(measured, "/dev/video0", GateSettings(), asked=True)
    assert states(found)[subject] == state
    assert all_mended(found)


def test_a_frozen_camera_that_nobody_asked_for_is_a_warning_only() -> None:
    found = meaning(replace(GOOD, identical=59), "/dev/video0", GateSettings(), asked=False)
    assert states(found)["picture"] == "warning"


def test_a_source_that_cannot_be_opened_is_a_finding_without_its_password() -> None:
    heard: list[Event] = []
    source = "http://ada:s3cret@127.0.0.1:9/live"
    settings = load_settings(camera={"open_timeout": 2})
    check_camera(source, settings, Cancel(), heard.append)
    (only,) = heard
    assert isinstance(only, Finding)
    assert (only.state, bool(only.remedy)) == ("trouble", True)
    assert "s3cret" not in str(only.to_json())


def test_the_camera_process_measures_and_the_desk_stays_free(desk: LocalDesk) -> None:
    collector = started(desk)
    desk.check(CheckRequest(source="demo:collins"))
    assert "check" in desk.running
    assert collector.wait(JobEnded).outcome == "done"
    (measured,) = collector.of(CameraMeasured)
    assert measured.fps == 30
    assert len(measured.pixels) == measured.across * measured.down * 3
    assert {f.state for f in collector.of(Finding)} == {"ok"}


def test_cascades_of_the_tested_version_are_ok_and_others_are_told(
    place: Place, tmp_path: Path
) -> None:
    (tmp_path / "haarcascade_eye.xml").write_text("<xml/>")
    found = {f.subject: f.state for f in look("cascades", replace(place, cascades=tmp_path))}
    assert found["eye"] == "warning"
    assert found["frontalface_default"] == "trouble"


def test_a_packaged_file_with_a_flipped_byte_is_trouble(tmp_path: Path) -> None:
    file = tmp_path / "weights.npz"
    file.write_bytes(b"1")
    found = files.packaged("weights", file, "0" * 64)
    assert (found.state, bool(found.remedy)) == ("trouble", True)
    assert files.packaged("weights", tmp_path / "absent", "0").state == "trouble"


def test_vector_extensions_decide_what_is_used(place: Place, tmp_path: Path) -> None:
    def of(flags: str) -> Finding:
        (tmp_path / "cpuinfo").write_text(f"model name\t: Test CPU\nflags\t\t: {flags}\n")
        return look("vector unit", replace(place, cpuinfo=tmp_path / "cpuinfo"))[0]

    assert "bfloat16" in of("avx2 avx512f avx512_bf16").value
    assert "float32" in of("avx2").value
    assert of("sse2").state == "warning"


def test_what_computes_the_features_is_told_with_the_reason(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def runtime(wish: RuntimeWish) -> Finding:
        wished = Settings(model=ModelSettings(runtime=wish))
        return look("runtime", replace(place, settings=wished, cpuinfo=tmp_path / "absent"))[0]

    assert (runtime("auto").state, "OpenVINO computes" in runtime("auto").value) == ("ok", True)
    assert "model.runtime asks" in runtime("keras").value
    monkeypatch.setitem(sys.modules, "openvino", None)
    fallback = runtime("auto")
    assert (fallback.state, "Keras computes" in fallback.value) == ("note", True)
    assert "not installed" in fallback.value
    assert "pip install" in fallback.remedy


def test_graphics_cards_are_named_with_what_they_would_need(place: Place, tmp_path: Path) -> None:
    (tmp_path / "nvidia0").touch()
    (card,) = look("GPU", replace(place, devices=tmp_path))
    assert (card.state, "nvidia0" in card.value) == ("note", True)
    assert "and-cuda" in card.remedy


def test_a_nearly_full_disk_is_trouble_with_the_command_that_finds_the_culprit(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LEAST_FREE", 1 << 60)
    monkeypatch.setattr(files, "LITTLE_FREE", 1 << 60)
    size = 50 * files.PICTURE
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: SimpleNamespace(free=size))
    place = replace(place, settings=replace(place.settings, enrolment=EnrolmentSettings(count=50)))
    (disk,) = look("disk", place)
    assert (disk.state, disk.remedy[:3]) == ("trouble", "du ")
    assert disk.value.endswith("room for about 1 session")


def test_a_workspace_that_others_may_read_names_its_chmod(
    place: Place, workspace: Workspace
) -> None:
    (workspace.people / "ada").mkdir()
    workspace.root.chmod(0o755)
    (found,) = look("workspace", place)
    assert found.remedy == f"chmod -R go-rwx {workspace.root}"


def test_who_writes_to_the_workspace_is_named_and_the_dead_are_not(
    place: Place, workspace: Workspace
) -> None:
    def lock() -> Finding:
        return look("lock", place)[0]

    workspace.lock_file.write_text("facedesk enroll (process 999999999)")
    assert lock().value == "nobody is writing"
    workspace.lock_file.write_text(f"facedesk enroll (process {os.getppid()})")
    assert lock().remedy.endswith(f"kill {os.getppid()}")
    with workspace.writer("test"):
        assert "held by this Facedesk" in lock().value


def test_a_check_that_cannot_look_is_trouble_and_the_others_go_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(place: Place) -> Found:
        raise OSError(5, "Input/output error", "/data")

    rows = (Check("storage", "disk", "", broken), CHECKS[-1])
    monkeypatch.setattr(checks, "CHECKS", rows)
    disk, keys = survey(place.workspace, place.settings)
    assert (disk.subject, disk.state, bool(disk.remedy)) == ("disk", "trouble", True)
    assert keys.state == "ok"


def test_every_check_has_a_name_of_its_own() -> None:
    names = [check.name for check in CHECKS]
    assert len(names) == len(set(names))


def test_the_survey_looks_at_every_group_and_mends_all_that_is_not_ok(
    workspace: Workspace,
) -> None:
    found = survey(workspace, Settings())
    assert {f.group for f in found} == {"camera", "files", "processor", "software", "storage"}
    assert all_mended(found)


@pytest.mark.parametrize(
    ("wish", "there", "state", "word"),
    [
        ("auto", True, "ok", "BlazeFace"),
        ("auto", False, "note", "Haar"),
        ("haar", True, "ok", "Haar"),
        ("blaze", False, "trouble", "OpenVINO"),
    ],
)
def test_the_detector_in_use_is_named(
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    wish: DetectorWish,
    there: bool,
    state: str,
    word: str,
) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda name: "found" if there else None)
    wished = Settings(detection=DetectionSettings(detector=wish))
    (detector,) = look("detector", replace(place, settings=wished))
    assert detector.state == state
    assert word in detector.value
    assert bool(detector.remedy) == (state != "ok")
