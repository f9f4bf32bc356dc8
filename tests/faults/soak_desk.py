"""The desk in a process of its own, as the app has it, doing what it is told and saying what is.

It prints a JSON line for each process that is ready, each job that began or ended, and what was
recovered. Jobs come as lines on a pipe. Only for the soak.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from engine.config import load_settings
from engine.contract import (
    Captured,
    EpochDone,
    Event,
    FeaturesProgress,
    ImportProgress,
    JobEnded,
    ProcessReady,
    Recovered,
    Threshold,
)
from engine.contract.errors import FacedeskError
from engine.contract.requests import EnrolRequest, ImportRequest, TrainRequest
from engine.desk.local import LocalDesk
from engine.workspace.folder import Workspace
from tests.faults.forked import Forked

TOLD = (
    Captured, EpochDone, FeaturesProgress, ImportProgress, JobEnded, ProcessReady, Recovered,
    Threshold,
)  # fmt: skip


@dataclass
class Desk:
    """A desk that runs in a forked process, and the pipe of its jobs."""

    process: Forked
    jobs: int

    @classmethod
    def start(cls, workspace: Workspace, output: Path) -> Desk:
        """Fork it."""
        ours, theirs = os.pipe()
        return cls(Forked(lambda: _serve(workspace, ours, theirs), output), theirs)

    def ask(self, job: str, **request: object) -> None:
        """Have a job begun; "close" ends the desk."""
        os.write(self.jobs, (json.dumps({"job": job, **request}) + "\n").encode())

    def leave(self) -> None:
        """Close our end."""
        os.close(self.jobs)


def _serve(workspace: Workspace, jobs: int, other: int) -> None:
    os.close(other)

    def tell(event: Event) -> None:
        if isinstance(event, TOLD):
            sys.stdout.write(json.dumps(event.to_json()) + "\n")
            sys.stdout.flush()

    desk = LocalDesk(workspace, load_settings())
    desk.start(tell)
    print(json.dumps({"event": "started"}), flush=True)
    for line in os.fdopen(jobs, "r"):
        wanted = json.loads(line)
        job = wanted.pop("job")
        try:
            match job:
                case "enrol":
                    desk.enrol(EnrolRequest(**wanted))
                case "import":
                    desk.import_pictures(ImportRequest(**wanted))
                case "train":
                    desk.train(TrainRequest(**wanted))
                case "close":
                    break
        except FacedeskError as error:
            tell(JobEnded.failure(job, error))
    desk.close()
