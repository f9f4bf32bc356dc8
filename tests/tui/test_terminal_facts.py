from __future__ import annotations

import pytest

from tui.terminal_facts import colours_of, graphics_of, terminal_findings

GOOD = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "en_GB.UTF-8"}


def found(columns=120, lines=40, **environment):
    return {f.subject: f for f in terminal_findings(environment, columns, lines)}


def test_a_good_terminal_is_well_in_everything():
    assert {f.state for f in found(**GOOD).values()} == {"ok"}


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, 1 << 24),
        ({"TERM": "xterm-direct"}, 1 << 24),
        ({"TERM": "xterm-256color"}, 256),
        ({"TERM": "xterm"}, 16),
        ({"TERM": "linux"}, 8),
        ({"TERM": "dumb"}, 0),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, 0),
        ({}, 0),
    ],
)
def test_colours_are_read_from_the_environment(environment, colours):
    assert colours_of(environment) == colours


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM_PROGRAM": "WezTerm"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color"}, "blocks"),
    ],
)
def test_the_graphics_protocol_is_guessed(environment, protocol):
    assert graphics_of(environment) == protocol


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
        ({"TMUX": "/tmp/x", "TERM_PROGRAM": "ghostty"}, "graphics", "allow-passthrough on"),
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
