from __future__ import annotations

import io

import pytest
from rich.console import Console
from textual.app import App

from tui.screens.desk import ALL, TALL, WIDE, View, arrange
from tui.terminal.graphics import protocol, terminal_findings
from tui.terminal.line import colours, colours_of

GOOD = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "en_GB.UTF-8"}


def found(columns=120, lines=40, **environment):
    return {f.subject: f for f in terminal_findings(environment, columns, lines)}


def test_a_good_terminal_is_well_in_everything():
    assert {f.state for f in found(**GOOD).values()} == {"ok"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "true"),
        ({"TERM": "xterm-direct"}, "16"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "xterm"}, "16"),
        ({"TERM": "linux"}, "16"),
        ({"TERM": "dumb"}, "16"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, "grey"),
        ({}, "16"),
    ],
)
def test_colours_are_read_from_the_environment(environment, expected):
    assert colours_of(environment) == expected


@pytest.mark.parametrize(
    "environment",
    [
        {"TERM": "xterm-kitty"},
        {"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"},
        {"TERM_PROGRAM": "WezTerm"},
        {"TERM_PROGRAM": "iTerm.app"},
        {"TERM_PROGRAM": "vscode"},
        {"TERM": "foot"},
        {"TERM": "xterm-256color", "KONSOLE_VERSION": "230804"},
        {"TERM": "xterm-kitty", "TMUX": "/tmp/x"},
        {"TERM": "xterm-256color"},
    ],
)
@pytest.mark.parametrize("colour", ["truecolor", ""])
def test_the_doctor_names_the_graphics_that_the_app_draws(environment, colour):
    told = {"kitty": "Kitty graphics", "sixel": "Sixel", "cells": "stills are drawn in half blocks"}
    whole = {**environment, "COLORTERM": colour}
    drawn = protocol(whole, "true" if colour else "256")
    assert found(**whole)["graphics"].value == told[drawn]
    assert colour or drawn == "cells"


async def test_the_doctor_names_the_colours_that_the_app_draws(monkeypatch):
    for name in ("COLORTERM", "TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for changes in (
        {"COLORTERM": "truecolor"},
        {"TERM": "xterm-direct"},
        {"TERM": "alacritty"},
        {"TERM": "xterm-256color"},
        {"NO_COLOR": ""},
        {},
    ):
        with monkeypatch.context() as patch:
            for name, value in changes.items():
                patch.setenv(name, value)
            app = App()
            # Headless consoles have no colours of their own: what a terminal's would find.
            app.console = Console(file=io.StringIO(), force_terminal=True)
            assert colours_of(changes) == colours(app), changes


@pytest.mark.parametrize("size", [(WIDE, TALL), (WIDE - 1, TALL), (WIDE, TALL - 1)])
def test_the_size_that_shows_every_pane_is_the_desks_own(size):
    told = found(*size, **GOOD)["size"].detail
    assert told == f"{WIDE}x{TALL} and more shows every pane at once."
    assert (arrange(View(*size, layout="all")).shown == ALL) is (size == (WIDE, TALL))


@pytest.mark.parametrize(
    ("changes", "subject", "remedy"),
    [
        ({"COLORTERM": ""}, "colours", "export COLORTERM=truecolor"),
        ({"NO_COLOR": "1"}, "colours", "unset NO_COLOR"),
        ({"LANG": "C"}, "characters", "export LC_ALL=C.UTF-8"),
        ({"TMUX": "/tmp/x"}, "tmux", "tmux set -g default-terminal tmux-256color"),
        (
            {"TMUX": "/tmp/x", "TERM": "tmux-256color", "COLORTERM": ""},
            "tmux",
            "tmux set -as terminal-features ',*:RGB'",
        ),
        ({"STY": "1"}, "screen", "tmux new -s desk"),
        ({"SSH_CONNECTION": "10.0.0.2 5 10.0.0.1 22"}, "SSH", "tmux new -s desk facedesk"),
        ({"TMUX": "/tmp/x"}, "clipboard", "tmux set -s set-clipboard on"),
    ],
)
def test_each_pitfall_names_the_command_that_mends_it(changes, subject, remedy):
    finding = found(**{**GOOD, **changes})[subject]
    assert finding.state != "ok"
    assert remedy in finding.remedy


def test_a_small_terminal_is_a_warning():
    assert found(79, 24, **GOOD)["size"].state == "warning"
    assert found(80, 24, **GOOD)["size"].state == "ok"
