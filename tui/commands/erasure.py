"""facedesk people erase: every trace of a person, and the receipt."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from typing import Literal, cast

import click

from engine.contract.people import Answers, Doubts, Erased, ErasureUnanswered
from engine.rights.erase import erase
from engine.rights.likeness import measured_with
from engine.rights.receipt import to_json, words
from tui.cli.context import Context


def erase_person(
    context: Context, name: str, by: str, *, shared_stay: bool, unsure: str | None
) -> None:
    """Erase a person; prints the receipt, and files of others that still name them.

    At a terminal what needs an answer is asked. Raises ErasureUnanswered elsewhere.
    """
    answers = Answers(shared_stay, cast(Literal["", "remove", "keep"], unsure or ""))
    done = None
    while done is None:
        context.output.note("Erasing, then searching the whole workspace")
        try:
            with context.writing("people erase"):
                compare = partial(measured_with, context.workspace, context.settings)
                done = erase(context.workspace, name, by, answers=answers, compare=compare)
        except ErasureUnanswered as open_:
            if sys.stdin is None or not sys.stdin.isatty():
                raise
            answers = _asked(open_.doubts, answers)
    tell_erased(context, done)


def _asked(doubts: Doubts, answers: Answers) -> Answers:
    """Ask about the doubts. Raises click.Abort if nothing is to be erased."""
    for line in doubts.lines():
        click.echo(line, err=True)
    if doubts.shared:
        question = "Others keep theirs. Erase what only {name} holds?"
        click.confirm(question.format(name=doubts.name), abort=True, err=True)
        answers = replace(answers, shared_stay=True)
    if doubts.unsure:
        question = "Remove these unknown too, or keep them?"
        choice = click.prompt(question, type=click.Choice(["remove", "keep"]), err=True)
        answers = replace(answers, unsure="remove" if choice == "remove" else "keep")
    return answers


def tell_erased(context: Context, done: Erased) -> None:
    """The receipt on the screen; the name stands here and not in it."""
    output = context.output
    if output.as_json:
        receipt = to_json(done.receipt)
        places = {"left": done.left, "unread": done.unread}
        output.object({"event": "done", "name": done.name, **receipt, "file": done.file, **places})
        return
    output.result(f"{done.name} is erased.")
    for line in words(done.receipt).splitlines():
        output.result(line)
    for path in done.left:
        output.result(f"Still names them or shows them: {path}")
    for path in done.unread:
        output.result(f"Could not be read: {path}")
    output.result(f"The receipt is {done.file}")
