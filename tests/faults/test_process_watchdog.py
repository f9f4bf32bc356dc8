"""The watchdog with a real process: what hangs or grows is ended, what only takes long is not."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.config import load_settings
from engine.contract import JobEnded, Notice
from engine.contract.errors import EngineDied, EngineHung, EngineTooLarge
from engine.contract.messages import End, Hello, Ping, Start
from engine.desk.processes import Child, Watchdog
from engine.desk.vitals import own_bytes
from engine.settings import ProcessSettings
from engine.workspace.folder import Workspace

LONGEST = 300.0


class Troubled(Child):
    MODULE = "tests.faults.{role}_process"


class Watched:
    """A child whose jobs go wrong, and what became of it. Each `look` is a second, or `seconds`."""

    def __init__(self, workspace: Workspace, **limits: float) -> None:
        self.heard: list[Any] = []
        self.notices: list[Notice] = []
        self.ended = threading.Event()
        self._now = 0.0
        settings = load_settings()
        hello = Hello(workspace=str(workspace.root), settings=settings.as_json())
        self.child = Troubled("troubled", hello, workspace.logs, self._hear, self._over, {})
        wish = ProcessSettings(**{"silent_seconds": 20, "still_seconds": 20, **limits})
        self.dog = Watchdog(wish, lambda: [self.child], self.notices.append, lambda: self._now)
        self.until(lambda: bool(self.heard))  # it is ready

    def _hear(self, child: Child, message: Any) -> None:
        self.heard.append(message)

    def _over(self, child: Child, status: int) -> None:
        self.ended.set()

    def run(self, job: str) -> None:
        self.child.send(Start(job=job, request=None))

    def until(self, test: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LONGEST
        while not test():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def goes_on(self, job: str) -> None:
        """Wait until a job has looked at its token again, by the process's own word."""
        before = self.child.vitals._beats.get(job)

        def beat() -> bool:
            self.child.send(Ping())
            return self.child.vitals._beats.get(job) != before

        self.until(beat)

    def look(self, times: int, seconds: float = 1.0, *, answers: bool = True) -> None:
        """Look so often; the child's answer is waited for, however busy the machine is."""
        for _ in range(times):
            self._now += seconds
            self.dog.look()
            if answers and self.fault is None:
                self.until(lambda: not self.child.vitals._asked)

    @property
    def fault(self) -> EngineDied | None:
        return self.child.fault


@pytest.fixture
def watched(workspace: Workspace) -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def make(**limits: float) -> Watched:
        made.append(Watched(workspace, **limits))
        return made[-1]

    yield make
    for each in made:
        each.child.end()


def test_a_process_that_does_not_answer_is_announced_then_ended(watched):
    seen = watched()
    os.kill(seen.child.pid, signal.SIGSTOP)
    seen.look(11, answers=False)
    assert [notice.level for notice in seen.notices] == ["warning"]
    assert seen.fault is None
    seen.look(10, answers=False)
    assert isinstance(seen.fault, EngineHung)
    assert "silent_seconds" in seen.fault.hint
    assert seen.ended.wait(LONGEST)


def test_native_code_that_hangs_with_the_interpreter_is_ended(watched):
    seen = watched()
    seen.run("holds_the_interpreter")

    def given_up() -> bool:  # what was asked before the job began may still be answered
        seen.look(1, answers=False)
        return seen.fault is not None

    seen.until(given_up)
    assert isinstance(seen.fault, EngineHung)
    assert seen.ended.wait(LONGEST)


def test_a_job_that_does_not_go_on_is_ended_though_its_process_answers(watched):
    seen = watched()
    seen.run("waits_without_looking")
    seen.look(25)
    assert isinstance(seen.fault, EngineHung)
    assert "waits_without_looking" in seen.fault.message
    assert seen.ended.wait(LONGEST)


def test_a_long_job_that_looks_at_its_token_is_left_alone(watched):
    seen = watched()
    seen.run("works_and_looks")
    for _ in range(60):
        seen.look(1)
        seen.goes_on("works_and_looks")
    assert (seen.fault, seen.notices) == (None, [])
    seen.child.send(End(job="works_and_looks", keep=True))
    seen.until(lambda: any(isinstance(each, JobEnded) for each in seen.heard))


def test_time_in_which_all_were_suspended_is_nobodys_fault(watched):
    seen = watched()
    seen.run("works_and_looks")
    seen.look(3)
    os.kill(seen.child.pid, signal.SIGSTOP)
    seen.look(
        1, seconds=86_400, answers=False
    )  # nothing looked for a day, and the child was stopped with us
    os.kill(seen.child.pid, signal.SIGCONT)
    seen.look(5)
    assert (seen.fault, seen.notices) == (None, [])


def test_a_process_that_grows_beyond_its_limit_is_ended_with_the_figures(watched):
    before = 200
    seen = watched(most_megabytes=before)
    seen.look(3)
    assert seen.fault is None
    seen.run("grows")
    seen.until(lambda: (own_bytes(seen.child.pid) or 0) > before * 1_000_000)
    seen.look(1)
    assert isinstance(seen.fault, EngineTooLarge)
    assert "200 MB are allowed" in seen.fault.message
    assert seen.ended.wait(LONGEST)


def test_a_child_leaves_no_core_and_shows_its_memory_to_nobody(watched):
    seen = watched()
    with open(f"/proc/{seen.child.pid}/limits") as limits:
        core = next(line for line in limits if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    seen.run("says_whether_it_is_dumpable")
    seen.until(lambda: any(isinstance(each, JobEnded) for each in seen.heard))
    assert [each.title for each in seen.heard if isinstance(each, JobEnded)] == ["0"]


def test_the_kernel_would_end_a_child_before_the_app(watched):
    with open(f"/proc/{watched().child.pid}/oom_score_adj") as score:
        assert int(score.read()) >= 500
