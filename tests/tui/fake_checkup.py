"""The doctor's part of the desk without an engine: findings as told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.contract import CameraMeasured, Event, Finding
from engine.contract.requests import CheckRequest


class FakeCheckup:
    """Answers a checkup with `findings`."""

    findings: tuple[Finding, ...] = ()
    _record: Callable[[str, object], None]
    _begin: Callable[..., None]

    def checkup(self) -> tuple[Finding, ...]:
        self._record("checkup", None)
        return self.findings

    def check(self, request: CheckRequest) -> None:
        self._record("check", request)
        self._begin("check", f"Measuring {request.source}")


def finding(subject: str, state: Any = "ok", **fields: Any) -> Finding:
    return Finding(**{"group": "files", "subject": subject, "state": state, "value": "v", **fields})


def measured(source: str = "/dev/video0") -> Event:
    return CameraMeasured(
        source=source,
        detail="",
        width=640,
        height=480,
        seconds=2.0,
        frames=60,
        fps=29.9,
        promised=30.0,
        brightness=120.0,
        clipped=0.01,
        sharpness=90.0,
        identical=0,
        across=4,
        down=2,
        pixels=bytes([200, 30, 30] * 8),
    )
