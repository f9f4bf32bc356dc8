"""The camera processes: one, and one more for each further source of a recognition."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from engine.service.child import Child
from engine.service.messages import Start
from engine.service.protocol import RecogniseRequest

CAMERA = "camera"


def process_name(camera: int) -> str:
    """The process of a recognition's source, by its place among the sources."""
    return CAMERA if camera == 0 else f"{CAMERA}-{camera + 1}"


def is_further(process: str) -> bool:
    """Whether a process is there for one recognition only."""
    return process.startswith(f"{CAMERA}-")


def starts(request: RecogniseRequest) -> dict[str, Start]:
    """What each camera process of a recognition is told to begin with, by the process's name."""
    return {
        process_name(camera): Start(
            job="recognise",
            request=dataclasses.replace(request, source=source, beside=()),
            camera=camera,
            together=bool(request.beside),
        )
        for camera, source in enumerate(request.sources)
    }


def tell_all(children: Mapping[str, Child], message: Any) -> None:
    """Send a message to every camera process there is."""
    for name, child in list(children.items()):
        if name == CAMERA or is_further(name):
            child.send(message)


def end_further(children: dict[str, Child]) -> None:
    """End the processes of further sources without waiting for them."""
    for name in [name for name in children if is_further(name)]:
        children.pop(name).leave()
