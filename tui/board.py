"""What the app knows of its workspace: which jobs run, why something cannot be done just now, and
what is remembered between two starts (`ui.json`, forgiving when damaged)."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TypeVar, cast

from engine.contract import Captured, Event, JobEnded, JobStarted
from engine.contract.errors import FacedeskError
from engine.contract.requests import CAMERA_JOBS, Job
from engine.workspace.files import parse_json, read_bytes, write_json

PANE_OF: dict[Job, str] = {
    "enrol": "capture",
    "import": "capture",
    "train": "training",
    "evaluate": "evaluation",
    "recognise": "recognition",
    "check": "doctor",
}
MEASURING_ACTIONS = frozenset({"measure", "other_pictures", "write_report"})
CAMERA_ACTIONS = frozenset({"new_person", "import_folder", "recognise", "measure_camera"})

PEOPLE_ACTIONS = frozenset({"rename", "delete", "merge", "consent", "undo"}) | {
    "delete_pictures",
    "move_pictures",
    "consent_here",
    "rename_here",
}
"""Actions that change people: not while a job writes, and all but undo only if there is one."""


class JobBoard:
    """The running jobs, as their events say."""

    def __init__(self) -> None:
        self.titles: dict[Job, str] = {}
        self._enrolled = ""
        """Whom the title of the running capture names."""
        self.people = 0
        self.models: int | None = None
        """Stored models; None while not known."""

    def started(self, event: JobStarted) -> None:
        """A job has begun."""
        self.titles[cast(Job, event.job)] = event.title
        self._enrolled = ""

    def captured(self, event: Captured) -> None:
        """A picture is kept; if it turned out to be another person's, so is the capture."""
        if self._enrolled and "enrol" in self.titles:
            title = self.titles["enrol"]
            self.titles["enrol"] = title.replace(f" {self._enrolled} ", f" {event.person} ", 1)
        self._enrolled = event.person

    def ended(self, event: JobEnded) -> None:
        """A job is over."""
        # There may be a model or a person more by now: `r` and `s` must not wait for the lists.
        if event.job == "train":
            self.models = None
        elif event.job in ("enrol", "import"):
            self.people = max(1, self.people)
        self.titles.pop(cast(Job, event.job), None)

    def title_of(self, event: Event) -> str:
        """Title of the running job that an event is about; empty if none."""
        return self.titles.get(cast(Job, getattr(event, "job", "")), "")

    @property
    def camera_job(self) -> Job | None:
        """The job that holds the camera process."""
        return next((job for job in self.titles if job in CAMERA_JOBS), None)

    def target(self, pane: str) -> Job | None:
        """The job that stop and cancel mean: the one of the pane in front, else the newest."""
        for job in self.titles:
            if PANE_OF[job] == pane:
                return job
        return next(reversed(self.titles), None)

    @property
    def worth_asking(self) -> tuple[str, ...]:
        """Titles of the jobs of which quitting would lose something."""
        jobs = self.titles.items()
        return tuple(title for job, title in jobs if job not in ("recognise", "evaluate", "check"))

    def _why_not_measure(self) -> str | None:
        if "evaluate" in self.titles:
            return "An evaluation is running already: x stops it."
        if "train" in self.titles:
            return "A training is running: press v when it has ended."
        if self.models == 0:
            return "No model yet: press t on the desk to train one."
        return None

    def why_not(self, action: str) -> str | None:
        """Why an action cannot be done now, in a sentence; None if it can."""
        camera = self.camera_job
        makes_room = action == "new_person" and camera == "recognise"
        if action in CAMERA_ACTIONS and camera and not makes_room:
            return f"The camera is in use: {self.titles[camera]}. x ends it and keeps what it has."
        if action in MEASURING_ACTIONS:
            return self._why_not_measure()
        if action in ("split", "train") and "evaluate" in self.titles:
            return "An evaluation of this split's model is running: Esc ends it."
        if action == "stop_evaluation" and "evaluate" not in self.titles:
            return "No evaluation is running."
        if action == "train" and "train" in self.titles:
            return "A training is running already: x ends it, Esc gives it up."
        if action == "recognise" and self.models == 0:
            return "There is no model yet: press t to train one."
        if action in ("split", "train") and self.people == 0:
            return "Nobody is enrolled yet: press n to enrol a person, or i to import a folder."
        if action == "split" and "train" in self.titles:
            return "A training is running on this split: x ends it, Esc gives it up."
        if action in ("stop", "cancel") and not self.titles:
            return "No job is running."
        of_somebody = PEOPLE_ACTIONS - {"undo"} | {"person", "mark_person"}
        if action in of_somebody and self.people == 0:
            return "Nobody is enrolled yet: press n to enrol a person."
        busy = [title for job, title in self.titles.items() if job != "recognise"]
        if action in PEOPLE_ACTIONS and busy:
            return f"Not while this runs: {busy[0]}. x ends it."
        return None


Scalar = str | int | float | bool
Value = TypeVar("Value", str, int, float, bool)

FILE = "ui.json"
LONGEST = 4096
"""Characters of a remembered text; a longer one is damage."""


class Memory:
    """Plain values by name. Nothing here raises: a view that is forgotten is no fault.

    Names in use: theme, front, source, count, zoom, layout, welcomed; parts of the app add more.
    """

    def __init__(self, workspace: Path) -> None:
        """Read what is there. `workspace` need not exist; then nothing is kept."""
        self._file = workspace / FILE
        self._saving = threading.Lock()
        self._values = _read(self._file)
        self._saved = dict(self._values)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str, otherwise: Value) -> Value:
        """The remembered value, if it is of the same type as `otherwise`."""
        value = self._values.get(name)
        return value if type(value) is type(otherwise) else otherwise

    def put(self, name: str, value: Scalar) -> bool:
        """Remember a value until `save`; whether it differs from what is on disk."""
        self._values[name] = value
        return self._values != self._saved

    def save(self) -> None:
        """Write the file if something changed. May wait for the disk: call it on a thread."""
        with self._saving:
            values = dict(self._values)
            if values == self._saved or not self._file.parent.is_dir():
                return
            try:
                write_json(self._file, values)
            except FacedeskError:
                return  # a full or read-only disk is reported by what matters more
            self._saved = values


def _read(file: Path) -> dict[str, Scalar]:
    try:
        found = parse_json(read_bytes(file))
    except (OSError, FacedeskError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        str(name): value
        for name, value in found.items()
        if isinstance(value, str | int | float | bool)
        and not (isinstance(value, str) and len(value) > LONGEST)
    }
