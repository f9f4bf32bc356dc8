"""Hours of recognition in minutes: memory, handles, threads, queues, lag and logs must stay flat.

    python -m tests.faults.long_watch --hours 8 --minutes 25

Real: the app (headless Textual), LocalDesk, camera and model process, the sockets between them, a
network camera on loopback and its reader, decoding, credit, turns, tracking, voting, thresholds,
previews, the unknown list and its writer, logs, the disk. Quicker than life: the camera sends more
pictures a second, in a picture seen before the faces are remembered (`quick_camera_process`), and
so is the feature row of a crop seen before (`quick_model_process`); both are checked against the
real search and the real network every 400th time. Every frame is searched as a whole.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.config import load_settings
from engine.contract import (
    Event,
    FaceSeen,
    JobEnded,
    Notice,
    Preview,
    ProcessDied,
    RecognitionRate,
    SourceOpened,
    UnknownChanged,
)
from engine.contract.requests import EnrolRequest, RecogniseRequest, TrainRequest
from engine.desk.local import LocalDesk
from engine.desk.processes import Child
from engine.people.unknown import UnknownStore
from engine.settings import Settings
from engine.workspace.folder import Workspace
from tests.faults.samples import Course, course, folder_size, holds
from tests.faults.scene import doorway
from tui.app import FacedeskApp

LIVE = 10.0
"""Frames a second that `facedesk bench` counts live, with one face ("recognise one face"): the rate
at which hours are counted."""
MOST_GROWTH = 0.04
"""Share by which a process's memory may seem to grow over a run: noise of the allocator."""
MOST_MEMORY = 8.0
"""The same in MiB, where that is more."""


QUICK = "tests.faults.quick_{role}_process"


class WatchedDesk(LocalDesk):
    """The real desk, with an ear on what it tells the app."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        super().__init__(workspace, settings)
        self.heard: Counter[str] = Counter()
        self.lags: deque[float] = deque(maxlen=20_000)
        self.began = 0.0
        self.tracks = 0
        self.frames = 0
        self.told: deque[str] = deque(maxlen=20)
        self.ended = threading.Event()

    def start(self, listener: Callable[[Event], None]) -> None:
        """As the desk's own; the lag is that from a frame's arrival to the interface."""

        def both(event: Event) -> None:
            self.heard[type(event).__name__] += 1
            if isinstance(event, SourceOpened):
                self.began = time.monotonic()  # from when on a live source counts its seconds
            elif isinstance(event, FaceSeen):
                self.lags.append(time.monotonic() - self.began - event.seconds)
                self.tracks = max(self.tracks, event.track)
                self.heard[event.decision] += 1
            elif isinstance(event, RecognitionRate):
                self.frames = event.frames
            elif isinstance(event, Notice | ProcessDied | JobEnded):
                self.told.append(str(event))
                if isinstance(event, JobEnded):
                    self.ended.set()
            listener(event)

        super().start(both)

    @property
    def queued(self) -> int:
        """Messages that wait for a child or for the unknown list."""
        waiting = sum(len(each._outgoing) for each in self._processes.children.values())
        return waiting + self._keeping._queue.qsize()

    @property
    def pids(self) -> dict[str, int]:
        """The processes."""
        return {name: each.pid for name, each in self._processes.children.items()}


@contextmanager
def quick_processes() -> Iterator[None]:
    """Start the quick processes where the desk would start its own."""
    before, Child.MODULE = Child.MODULE, QUICK
    try:
        yield
    finally:
        Child.MODULE = before


@dataclass
class Record:
    """What was sampled, by the figure's name."""

    began: float
    values: dict[str, list[float]] = field(default_factory=dict)

    def note(self, **figures: float) -> None:
        """One sample of each."""
        for name, value in figures.items():
            self.values.setdefault(name, []).append(value)

    def courses(self) -> dict[str, Course]:
        """How each went."""
        return {name: course(values) for name, values in self.values.items()}


def settings() -> Settings:
    """Every frame searched as a whole; a bounded unknown list that fills within the run."""
    return load_settings(
        detection={"full_scan_every": 1},
        unknown={"keep": True, "most": 25},
        app={"preview": "normal"},
    )


def enrol(workspace: Workspace) -> None:
    """Enrol one of the two people and train, with the real processes and the real network."""
    desk = WatchedDesk(workspace, load_settings())
    desk.start(lambda event: None)
    try:
        for job in (
            lambda: desk.enrol(
                EnrolRequest(person="Eileen Collins", source="demo:collins", count=10, pace="fast")
            ),
            lambda: desk.train(TrainRequest(options={"epochs": 2})),
        ):
            desk.ended.clear()
            job()
            if not desk.ended.wait(300):
                raise TimeoutError(f"the preparation hangs: {list(desk.told)}")
    finally:
        desk.close()


async def watch(
    workspace: Workspace, address: str, frames: int, seconds: float, every: float
) -> tuple[Record, WatchedDesk]:
    """Recognise until so many frames were decided on or the time is over."""
    desk = WatchedDesk(workspace, settings())
    app = FacedeskApp(desk)
    app.first_job = RecogniseRequest(source=address, pace="live")
    unknown = UnknownStore(workspace, settings().unknown)
    record = Record(time.monotonic())
    async with app.run_test(size=(160, 45)) as pilot:
        while not desk.heard["FaceSeen"]:  # the model loads
            await pilot.pause(0.2)
            if desk.ended.is_set():
                raise RuntimeError(f"recognition did not begin: {list(desk.told)}")
        record.began = time.monotonic()
        while desk.frames < frames and time.monotonic() - record.began < seconds:
            await asyncio.sleep(every)
            if desk.ended.is_set():
                raise RuntimeError(f"recognition ended: {list(desk.told)}")
            _sample(record, desk, app, workspace, unknown)
        desk.stop("recognise")
        await asyncio.to_thread(desk.ended.wait, 10)
    return record, desk


def _sample(
    record: Record, desk: WatchedDesk, app: FacedeskApp, workspace: Workspace, unknown: UnknownStore
) -> None:
    processes = {"ui": os.getpid(), **desk.pids}
    for name, pid in processes.items():
        now = holds(pid)
        record.note(
            **{
                f"{name} memory": now.memory,
                f"{name} handles": now.handles,
                f"{name} threads": now.threads,
            }
        )
    lags = list(desk.lags)
    desk.lags.clear()
    record.note(
        **{
            "lag ms": 1000 * (statistics.median(lags) if lags else 0.0),
            "messages queued": desk.queued,
            "events queued": len(app.bridge._queue),
            "sightings kept": unknown.count(),
            "unknown list KiB": folder_size(workspace.unknown) / 1024,
            "logs KiB": folder_size(workspace.logs) / 1024,
        }
    )


def faults(courses: dict[str, Course], but: tuple[str, ...] = ()) -> list[str]:
    """What did not stay flat, in words; kinds of figures that are in `but` may grow."""
    found = []
    for name, went in courses.items():
        kind = name.rpartition(" ")[2]
        if kind in but:
            continue
        if kind == "memory":
            most = max(MOST_MEMORY, MOST_GROWTH * went.first)
        elif kind in ("handles", "threads"):
            most = 1.5
        elif name == "lag ms":
            most = max(50.0, 0.5 * went.first)
        elif name in ("messages queued", "events queued"):
            most = 3.0
        elif name == "logs KiB":
            most = 64.0
        else:
            continue
        if went.growth > most:
            found.append(f"{name} grew by {went.growth:.1f}, more than {most:.1f}")
    return found


def report(record: Record, desk: WatchedDesk) -> dict[str, Any]:
    """The figures of a run."""
    seconds = time.monotonic() - record.began
    return {
        "minutes": round(seconds / 60, 1),
        "frames decided on": desk.frames,
        "frames a second": round(desk.frames / seconds, 1),
        "hours at the live rate": round(desk.frames / LIVE / 3600, 2),
        "decisions": {name: desk.heard[name] for name in ("known", "unsure", "unknown")},
        "tracks": desk.tracks,
        "sightings": desk.heard[UnknownChanged.__name__],
        "previews": desk.heard[Preview.__name__],
        "told": list(desk.told),
    }


def table(courses: dict[str, Course]) -> str:
    """One line a figure."""
    lines = [
        "| figure | first third | last third | lowest | highest | growth |",
        "|---|" + "---:|" * 5,
    ]
    lines += [
        f"| {name} | {c.first:.1f} | {c.last:.1f} | {c.lowest:.1f} | {c.highest:.1f} "
        f"| {c.growth:+.2f} |"
        for name, c in courses.items()
    ]
    return "\n".join(lines)


def long_watch(
    hours: float, minutes: float, every: float, pictures: int, fps: float
) -> tuple[dict[str, Any], dict[str, Course], list[str]]:
    """Prepare, watch, judge: the run's figures, the courses, and what was not flat."""
    with tempfile.TemporaryDirectory(prefix="facedesk-long-") as folder:
        workspace = Workspace(Path(folder) / "workspace")
        workspace.prepare()
        enrol(workspace)
        frames = round(hours * 3600 * LIVE)
        with quick_processes(), doorway(pictures, fps) as address:
            record, desk = asyncio.run(watch(workspace, address, frames, minutes * 60, every))
        figures, courses = report(record, desk), record.courses()
        return figures, courses, faults(courses)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hours", type=float, default=8.0, help="of live recognition to be played")
    parser.add_argument("--minutes", type=float, default=60.0, help="most minutes it may take")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two samples")
    parser.add_argument("--pictures", type=int, default=8, help="different pictures a person")
    parser.add_argument("--fps", type=float, default=200.0, help="pictures a second of the camera")
    given = parser.parse_args()
    figures, courses, wrong = long_watch(
        given.hours, given.minutes, given.every, given.pictures, given.fps
    )
    print(json.dumps(figures, indent=2))
    print(table(courses))
    for fault in wrong:
        print(fault, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
