"""An end that comes before the child has begun the job it is for."""

from __future__ import annotations

import socket

import pytest

from engine.contract.messages import End, Hello, Start
from engine.contract.requests import EnrolRequest
from engine.desk import child_main
from engine.desk.child_main import ChildContext
from engine.desk.wire import Channel
from engine.workspace.folder import Workspace

START = Start(job="enrol", request=EnrolRequest(person="A", source="0", count=1))


@pytest.mark.parametrize("early", [True, False])
def test_an_end_reaches_a_job_that_waits_if_its_token_is_made_early(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, early: bool
) -> None:
    monkeypatch.setattr(child_main, "end_process", lambda: None)
    ours, theirs = socket.socketpair()
    context = ChildContext(
        Channel(theirs), Hello(workspace=str(workspace.root), settings={}), early=early
    )
    parent = Channel(ours)
    parent.send(START)
    parent.send(End(job="enrol", keep=False))
    parent.close()
    context.read_requests()
    assert context.messages.get_nowait() == START
    assert ("enrol" in context.cancels) is early
    if early:
        assert context.cancels["enrol"].cancelled
