"""One rule about consent, whichever way somebody is enrolled: camera, import, roster, unknown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.cancel import Cancel
from engine.contract import EnrolDone, Event, Notice
from engine.contract.errors import ConsentMissing
from engine.contract.requests import EnrolRequest, ImportRequest, StrangersRequest
from engine.desk.local import LocalDesk
from engine.jobs.enrol import enrol
from engine.jobs.imports import add_strangers, import_pictures
from engine.people import roster
from engine.people.registry import People
from engine.people.unknown import UnknownStore
from engine.people.unknown_choices import Choices
from engine.pictures import encode_png
from engine.settings import ConsentSettings, Settings
from engine.workspace.folder import Workspace
from tests.people.unknowns import sighted

WARN = Settings()
REFUSE = Settings(consent=ConsentSettings(required="refuse"))
OFF = Settings(consent=ConsentSettings(required="off"))
NAME = "Eileen Collins"

Way = Callable[[Workspace, Settings, str], list[str]]
"""Enrols `NAME` with consent noted by somebody, or empty; the warnings that were told."""


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few frames of the bundled portrait as pictures in a folder, of which nothing says demo."""
    from engine.camera.demo import DemoSource

    folder = tmp_path_factory.mktemp("photos") / NAME
    folder.mkdir()
    camera = DemoSource("demo:collins?seed=3")
    for number in (0, 40):
        frame = np.ascontiguousarray(camera.render(number)[:, :, ::-1])
        (folder / f"{number}.png").write_bytes(encode_png(frame))
    return folder


def told(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice)]


def by_camera(frames: Path) -> Way:
    def way(workspace: Workspace, settings: Settings, by: str) -> list[str]:
        events: list[Event] = []
        request = EnrolRequest(person=NAME, source=str(frames), count=1, consent=by)
        enrol(workspace, settings, request, Cancel(), events.append)
        return told(events)

    return way


def by_import(frames: Path) -> Way:
    def way(workspace: Workspace, settings: Settings, by: str) -> list[str]:
        events: list[Event] = []
        request = ImportRequest(folder=str(frames.parent), consent=by)
        import_pictures(workspace, settings, request, Cancel(), events.append)
        return told(events)

    return way


def by_unknown(frames: Path) -> Way:
    def way(workspace: Workspace, settings: Settings, by: str) -> list[str]:
        id = UnknownStore(workspace, settings.unknown).add(sighted())
        choices = Choices(workspace, settings.unknown, settings.consent)
        choices.assign([id], NAME, new=True, by=by)
        return [choices.note] if choices.note else []

    return way


WAYS = pytest.mark.parametrize("made", [by_camera, by_import, by_unknown])


@WAYS
def test_without_consent_it_is_told_and_done(
    workspace: Workspace, frames: Path, made: Callable[[Path], Way]
) -> None:
    (text,) = [t for t in made(frames)(workspace, WARN, "") if "consent" in t]
    assert text.startswith(f"No consent recorded for {NAME}")
    assert People(workspace).get(NAME).pictures


@WAYS
def test_without_consent_it_is_refused_and_nothing_is_kept(
    workspace: Workspace, frames: Path, made: Callable[[Path], Way]
) -> None:
    with pytest.raises(ConsentMissing):
        made(frames)(workspace, REFUSE, "")
    assert People(workspace).list() == ()


@WAYS
def test_with_consent_it_is_noted_with_the_person(
    workspace: Workspace, frames: Path, made: Callable[[Path], Way]
) -> None:
    assert not [t for t in made(frames)(workspace, REFUSE, "Desk one") if "consent" in t]
    consent = People(workspace).get(NAME).consent
    assert consent is not None
    assert (consent.by, consent.text_version) == ("Desk one", "1")
    assert consent.text == REFUSE.consent.text


@WAYS
def test_switched_off_nobody_asks(
    workspace: Workspace, frames: Path, made: Callable[[Path], Way]
) -> None:
    assert not [t for t in made(frames)(workspace, OFF, "") if "consent" in t]


def test_the_rosters_consent_is_enough_for_the_capture(
    workspace: Workspace, frames: Path, tmp_path: Path
) -> None:
    names = tmp_path / "names.csv"
    names.write_text(f"name;consent\n{NAME};sheet 7\n")
    roster.add(workspace, names)
    by_camera(frames)(workspace, REFUSE, "")
    consent = People(workspace).get(NAME).consent
    assert consent is not None
    assert consent.by == "roster: sheet 7"


def test_a_bundled_portrait_needs_nobodys_consent(workspace: Workspace) -> None:
    request = EnrolRequest(person=NAME, source="demo:collins?frames=9", count=1, pace="fast")
    events: list[Event] = []
    enrol(workspace, REFUSE, request, Cancel(), events.append)
    assert told(events) == []


def test_the_desk_refuses_before_a_camera_is_opened(workspace: Workspace) -> None:
    desk = LocalDesk(workspace, REFUSE)
    with pytest.raises(ConsentMissing):
        desk.enrol(EnrolRequest(person=NAME, source="0", count=1))
    assert desk.running == frozenset()
    desk.close()


def test_consent_that_the_desk_noted_before_is_enough_for_an_import(
    workspace: Workspace, frames: Path
) -> None:
    People(workspace).add(NAME)
    desk = LocalDesk(workspace, REFUSE)
    desk.note_consent(NAME, "Desk one", "1")
    desk.close()
    by_import(frames)(workspace, REFUSE, "")
    assert People(workspace).get(NAME).pictures


def test_a_stranger_of_a_clip_is_enrolled_nowhere_and_needs_no_consent(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Settings] = []

    def capture(
        area: Workspace, settings: Settings, request: EnrolRequest, *_rest: object
    ) -> EnrolDone:
        asked.append(settings)
        return EnrolDone(
            person="", session="", captured=1, target=1, refused={}, seconds=0, ended=""
        )

    monkeypatch.setattr("engine.jobs.imports.enrol", capture)
    request = StrangersRequest(source=str(tmp_path / "clip.mp4"), count=1)
    add_strangers(workspace, REFUSE, request, Cancel(), lambda event: None)
    assert asked[0].consent.required == "off"
