"""facedesk people erase: every trace of a person, and the receipt."""

from __future__ import annotations

from engine.service.erasure.erase import Erased, erase
from engine.service.erasure.receipt import to_json, words
from tui.context import Context
from tui.i18n import _


def erase_person(context: Context, name: str, by: str) -> None:
    """Erase a person; prints the receipt, and files of others that still name them."""
    context.output.note(_("Erasing, then searching the whole workspace"))
    with context.writing("people erase"):
        done = erase(context.workspace, name, by)
    tell_erased(context, done)


def tell_erased(context: Context, done: Erased) -> None:
    """The receipt on the screen; the name stands here and not in it."""
    output = context.output
    if output.as_json:
        receipt = to_json(done.receipt)
        output.object(
            {"event": "done", "name": done.name, **receipt, "file": done.file, "left": done.left}
        )
        return
    output.result(_("{name} is erased.").format(name=done.name))
    for line in words(done.receipt).splitlines():
        output.result(line)
    for path in done.left:
        output.result(_("Still names them or shows them: {path}").format(path=path))
    output.result(_("The receipt is {file}").format(file=done.file))
