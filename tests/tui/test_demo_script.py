"""The demo inside the app."""

from __future__ import annotations

from dataclasses import replace

from fake_desk import FakeDesk

from engine.contract import EnrolDone, JobEnded, TrainDone
from engine.contract.requests import EnrolRequest, RecogniseRequest, TrainRequest
from tests.tui.samples import captured, epoch, face, model, opened, person
from tui.demo import DemoScript


class Player(FakeDesk):
    """Jobs that end by themselves, but for watching without an end."""

    def enrol(self, request: EnrolRequest) -> None:
        super().enrol(request)
        done = EnrolDone(
            person=request.person,
            session="s1",
            captured=30,
            target=30,
            refused={},
            seconds=1,
            ended="complete",
        )

        def keep() -> None:
            self.rows = (*self.rows, person(request.person))

        self.emit(opened(request.source), captured(30, name=request.person), keep, done)
        self.emit(JobEnded(job="enrol", outcome="done"))

    def train(self, request: TrainRequest) -> None:
        super().train(request)

        def keep() -> None:
            self.model_rows = (model(current=True),)
            self.rows = tuple(replace(row, in_model="yes") for row in self.rows)

        self.emit(
            epoch(1, 1),
            keep,
            TrainDone(
                model="m",
                recipe="head",
                seconds=1,
                epochs=1,
                best_epoch=1,
                promoted=True,
                people=tuple(row.name for row in self.rows),
                metrics={},
            ),
            JobEnded(job="train", outcome="done"),
        )

    def recognise(self, request: RecogniseRequest) -> None:
        super().recognise(request)
        known = {row.name for row in self.rows}
        name = "Eileen Collins" if "collins" in request.source else "Grace Hopper"
        seen = face("known", name) if name in known else face("unknown")
        self.emit(opened(request.source), seen)
        if "frames=" in request.source:
            self.emit(JobEnded(job="recognise", outcome="done"))


async def test_the_demo_plays_the_main_job_to_its_end(run):
    desk = Player()
    async with run(desk, script=DemoScript(watch_seconds=0)) as table:
        await table.until(lambda: "Demo finished" in table.log(), "the demo ends")
        assert [request.person for request in desk.asked("enrol")] == [
            "Eileen Collins",
            "Grace Hopper",
        ]
        assert [request.source for request in desk.asked("recognise")] == [
            "demo:hopper",
            "demo:collins?seed=2&frames=150",
            "demo:hopper?seed=2&frames=150",
        ]
        assert len(desk.asked("split")) == len(desk.asked("train")) == 2
        assert desk.asked("stop") == ["recognise"]
        seen = [line for line in table.app.screen_desk.activity.lines if "seen as" in line]
        assert seen == [
            "DEMO: seen as unknown",
            "DEMO: seen as Eileen Collins",
            "DEMO: seen as Grace Hopper",
        ]
        assert f"the workspace is at {desk.workspace}" in table.log()
        await table.shows("DEMO")


async def test_the_demo_stops_when_one_of_its_jobs_fails(run):
    desk = Player()
    desk.train = lambda request: desk.emit(  # type: ignore[method-assign]
        JobEnded(job="train", outcome="failed", title="No weights", hint="Install them.")
    )
    async with run(desk, script=DemoScript(watch_seconds=0)) as table:
        await table.until(lambda: "Demo stopped: No weights. Install them." in table.log())
        assert len(desk.asked("enrol")) == 1
        assert table.app.is_running


async def test_cancelling_a_job_of_the_demo_stops_the_demo(run):
    desk = Player()
    desk.enrol = lambda request: FakeDesk.enrol(desk, request)  # type: ignore[method-assign]
    async with run(desk, script=DemoScript(watch_seconds=0)) as table:
        await table.until(lambda: "enrol" in table.app.board.titles)
        await table.press("escape")
        await table.until(lambda: "Demo stopped: enrol was ended early" in table.log())
