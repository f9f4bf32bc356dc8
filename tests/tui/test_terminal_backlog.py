"""Whether the terminal keeps up with what is written to it: a real writer thread, a real pipe."""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace

from textual.drivers._writer_thread import WriterThread

from tui.terminal.line import CROWDED, Backlog, crowded


def app_on(writer: WriterThread | None) -> SimpleNamespace:
    return SimpleNamespace(_driver=SimpleNamespace(_writer_thread=writer))


def take_all(reading: int) -> None:
    while os.read(reading, 65536):
        pass


def test_a_terminal_that_takes_nothing_in_is_behind_at_the_next_look():
    reading, writing = os.pipe()
    taking = threading.Thread(target=take_all, args=(reading,), daemon=True)
    with open(writing, "w") as line:
        writer = WriterThread(line)
        app, backlog = app_on(writer), Backlog()
        writer.start()
        for _ in range(10):
            writer.write("x" * 100_000)  # more than a pipe holds
        assert not backlog.look(app), "written just now"
        assert backlog.look(app)
        assert crowded(app)
        taking.start()
        writer.stop()
        assert not backlog.look(app)
        assert not crowded(app)
    taking.join(10)
    os.close(reading)


def test_one_paint_alone_is_no_crowd():
    writer = WriterThread(open(os.devnull, "w"))  # noqa: SIM115 - the thread is never started
    for _ in range(CROWDED - 1):
        writer.write("x")
    assert not crowded(app_on(writer))


def test_a_driver_without_a_thread_is_never_behind():
    backlog = Backlog()
    assert not any(backlog.look(app_on(None)) for _ in range(3))
