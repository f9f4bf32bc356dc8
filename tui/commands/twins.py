"""facedesk enroll: what is done when the pictures look like another person's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import click

from engine.contract import Emit, Notice, TwinChoice, TwinSuspected
from engine.contract.errors import FacedeskError
from engine.model.store import ModelStore
from tui.cli.context import Context

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.people.twins import TwinGuard

Twins = Literal["ask", "keep", "refuse"]


def words(event: TwinSuspected) -> str:
    """The warning, in the app's words."""
    return (
        f"Looks like {event.other}: same person? {event.pictures} of the first {event.of} "
        f"pictures of {event.person} are named so (score {event.score:.2f}, threshold "
        f"{event.threshold:.2f})."
    )


def guard_for(
    context: Context, person: str, twins: Twins, emit: Emit, asking: threading.Event
) -> TwinGuard:
    """Compares the first pictures on a thread of its own, where there is a model to do it with.

    `ask` asks on the terminal, `keep` warns and goes on, `refuse` gives the capture up.
    `asking` is set while the terminal is wanted for the answer.
    """
    from engine.people.twins import TwinGuard

    def ask(crops: NDArray[np.uint8]) -> None:
        threading.Thread(target=compare, args=(crops,), daemon=True).start()

    def compare(crops: NDArray[np.uint8]) -> None:
        from engine.jobs.judging import suspect

        found = None
        try:
            found = suspect(context.workspace, context.settings, person, crops, emit)
        except FacedeskError as error:
            emit(
                Notice(
                    text=f"Not compared with other people: {error}",
                    level="warning",
                )
            )
        finally:
            asking.set()
            guard.report(found.other if found else "")
        if found:
            emit(found)
            context.output.note(words(found), "yellow")
            guard.answer(choice_of(found.other, twins))
        asking.clear()

    if ModelStore(context.workspace).current() is None:
        return TwinGuard()
    guard = TwinGuard(ask)
    return guard


def choice_of(other: str, twins: Twins) -> TwinChoice:
    """What to do with pictures that look like `other`; asks on the terminal if it is to."""
    if twins != "ask":
        return "different" if twins == "keep" else "stop"
    answers: dict[str, TwinChoice] = {"y": "same", "n": "different", "s": "stop"}
    prompt: Callable[..., str] = click.prompt
    try:
        given = prompt(
            f"Same person as {other}? (y same, n different, s stop)",
            type=click.Choice(list(answers)),
            show_choices=False,
            err=True,
        )
    except click.Abort:
        return "stop"
    return answers[given]
