"""Engine calls off the UI thread, on daemon threads: a hung disk must not hold up quitting.

Textual's thread workers run in the loop's executor, whose threads are joined at exit; a call that
never returns would then hang the quit. A daemon thread is simply left behind.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def in_thread(function: Callable[[], Result]) -> Result:
    """Run `function` on a daemon thread; its result or exception comes back here."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result) -> None:
        if not future.done():
            future.set_result(result)

    def fail(error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)

    def work() -> None:
        try:
            result = function()
        except BaseException as error:
            answer, argument = fail, error
            _post(loop, lambda: answer(argument))
        else:
            _post(loop, lambda: settle(result))

    threading.Thread(target=work, name="facedesk-call", daemon=True).start()
    return await future


def _post(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    """Hand `callback` to the loop; a loop that is closed already needs no answer."""
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:
        return
