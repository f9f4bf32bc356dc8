"""Several Facedesks on one workspace: the second says who writes, readers never see half."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.config import load_settings
from engine.contract.errors import FacedeskError, WorkspaceLocked
from engine.contract.requests import SplitRequest
from engine.dataset.split import load_split, make_split, save_split
from engine.desk.local import LocalDesk
from engine.people.changes import delete_people, undo
from engine.people.registry import People
from engine.people.trash import Trash
from engine.pictures import decode_crop, encode_png
from engine.rights.upkeep import recover_people
from engine.settings import SplitSettings
from engine.workspace.files import write_bytes
from engine.workspace.folder import Workspace
from tests.workspace import format_0
from tui.cli import main

WRITING = [
    "enroll Ada --source demo:collins --count 1",
    "import {folder}",
    "people rename {person} Somebody",
    "people delete {person} --yes",
    "people merge {person} {other}",
    "people consent {person}",
    "roster add {names}",
    "roster clear",
    "trash undo",
    "purge --trash --all --yes",
    "strangers add {folder}",
    "strangers clear --yes",
    "unknown on --yes",
    "purge --unknown --all --yes",
    "unknown undo",
    "split",
    "train",
    "evaluate",
    "model rollback",
]
READING = ["people list", "trash list", "roster list", "unknown list", "model list", "doctor"]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "w")
    format_0.write(made.root)
    return made


def run(workspace: Workspace, line: str) -> object:
    """Run a command in this process; what it exited with."""
    folder = workspace.root.parent / "in" / "Mary Somerville"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).parents[2] / "data" / "demo" / "collins.png", folder)
    names = workspace.root.parent / "names.csv"
    names.write_text("name\nMary Somerville\n")
    places = {"folder": folder.parent, "names": names}
    people = {"person": format_0.ADA, "other": format_0.GRACE}
    words = [word.format(**places, **people) for word in line.split()]
    try:
        main([*words, "--workspace", str(workspace.root)])
    except SystemExit as left:
        return left.code
    return 0


@pytest.mark.parametrize("line", WRITING)
def test_a_command_that_writes_says_who_is_writing(
    workspace: Workspace, line: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with Workspace(workspace.root).writer("the app: enrol"):
        before = sorted(workspace.people.rglob("*"))
        assert run(workspace, line) == WorkspaceLocked.exit_code
        assert f"the app: enrol (process {os.getpid()})" in capfd.readouterr().err
        assert sorted(workspace.people.rglob("*")) == before
    with workspace.writer("a test"):
        pass  # the refused one holds nothing


@pytest.mark.parametrize("line", READING)
def test_a_command_that_reads_waits_for_nobody(workspace: Workspace, line: str) -> None:
    with Workspace(workspace.root).writer("the app: enrol"):
        assert run(workspace, line) == 0


def test_of_two_apps_the_second_is_told_and_works_again_when_the_first_is_done(
    workspace: Workspace,
) -> None:
    first, second = (LocalDesk(Workspace(workspace.root), load_settings()) for _app in range(2))
    split = SplitRequest(train=0.5, validation=0.0, test=0.5)
    with first._writer.hold("train"):
        with pytest.raises(WorkspaceLocked, match="the app: train"):
            second.split(split)
        assert [row.name for row in second.people()] == [format_0.ADA, format_0.GRACE]
        first.split(split)  # it shares its own lock
    second.split(split)


# --- many processes ---------------------------------------------------------------------------

WRITERS, READERS, ROUNDS = 3, 3, 12


@pytest.fixture
def crowd(workspace: Workspace) -> Iterator[Callable[[Callable[[int], None], int], None]]:
    """Starts so many processes that each do the work; all must come to a good end."""
    pids: list[int] = []

    def start(work: Callable[[int], None], count: int) -> None:
        for number in range(count):
            pid = os.fork()
            if pid == 0:
                status = 1
                try:
                    work(number)
                    status = 0
                except BaseException as error:
                    (workspace.root.parent / f"{work.__name__}-{number}").write_text(repr(error))
                os._exit(status)
            pids.append(pid)

    yield start
    statuses = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    told = [path.read_text() for path in workspace.root.parent.glob("work_*")]
    assert (set(statuses), told) == ({0}, [])


def picture(number: int) -> bytes:
    return encode_png(np.full((160, 160, 3), number % 256, np.uint8))


def test_many_processes_write_in_turn_and_read_at_any_time(
    workspace: Workspace, crowd: Callable[[Callable[[int], None], int], None]
) -> None:
    def work_writing(number: int) -> None:
        mine, done = Workspace(workspace.root), 0
        while done < ROUNDS:
            try:
                with mine.writer(f"writer {number}") as interrupted:
                    assert recover_people(mine, interrupted) is None, (
                        "nobody leaves anything half done"
                    )
                    change(mine, f"Person {number}-{done}", done)
                done += 1
            except WorkspaceLocked:
                time.sleep(0.001)

    def change(mine: Workspace, name: str, number: int) -> None:
        """Enrol somebody, split, remove somebody, and take back every second removal."""
        people = People(mine)
        person = people.add(name)
        session = people.new_session(person, "test")
        folder = people.session_directory(person.slug, session)
        for file in ("0001.png", "0002.png"):
            write_bytes(folder / file, picture(number))
        everybody = people.list()
        save_split(mine, make_split(everybody, SplitSettings(), random=False))
        if len(everybody) > 6:
            delete_people(mine, [everybody[0].name], 30)
            if number % 2:
                undo(mine)
        Trash(mine).purge(everything=number % 5 == 0)

    def work_reading(number: int) -> None:
        mine = Workspace(workspace.root)
        people = People(mine)
        for _round in range(ROUNDS):
            for person in people.list():
                for file in people.pictures(person):
                    assert whole_or_gone(file), f"{file} was there and not whole"
            split = load_split(mine)
            assert split is None or split.people
            Trash(mine).changes()

    def whole_or_gone(file: Path) -> bool:
        """A picture may be put away while it is read, and be back when that is looked into."""
        for _again in range(20):
            try:
                return decode_crop(file).shape == (160, 160, 3)
            except FacedeskError:
                if not file.exists():
                    return True
        return False

    crowd(work_writing, WRITERS)
    crowd(work_reading, READERS)
