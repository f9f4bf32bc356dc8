"""Text that is not ours: nothing in it moves a cursor, and nothing that differs looks the same."""

from __future__ import annotations

import json
import logging
import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.logs import LogFormatter
from engine.text import escaped, is_invisible, match, percent, shown, shown_lines

EVIL = ("\x1b[2J", "\x1b]52;c;ZXZpbA==\x07", "\x1b]8;;http://x\x07", "\x9b31m", "\u202e", "\u200b",
        "\ufeff", "\u2028", "\u00ad", "\u3164", "\udcff")  # fmt: skip


@pytest.mark.parametrize("text", EVIL)
def test_what_moves_or_hides_is_replaced_and_not_dropped(text: str) -> None:
    assert "\ufffd" in shown(f"a{text}b")
    assert not any(map(is_invisible, shown(f"a{text}b")))
    assert shown(f"a{text}b") != shown("ab")


@pytest.mark.parametrize("text", ["Ada", "José 李明", "[red]x[/]", "<b>", "Zoë, 100 %"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert shown(text) == text


def test_a_heap_of_combining_marks_is_cut() -> None:
    assert shown("e" + "\u0301" * 20).count("\u0301") == 3


def test_it_stays_on_one_line_but_lines_stay_lines_where_they_are_wanted() -> None:
    assert shown("a\nb\tc\rd") == "a b c d"
    assert shown_lines("a\nb\x1b") == "a\nb\ufffd"


@given(st.text())
def test_shown_twice_is_shown_once(text: str) -> None:
    assert shown(shown(text)) == shown(text)


@given(st.text() | st.sampled_from(EVIL))
def test_escaped_json_means_the_same_and_is_plain(text: str) -> None:
    line = escaped(json.dumps(text, ensure_ascii=False))
    assert json.loads(line) == text
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in line)
    line.encode()


def test_log_files_hold_no_escape_sequence() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "cannot open %s", ("\x1b]0;x\x07",), None)
    assert "\x1b" not in LogFormatter("%(message)s").format(record)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.01, "1 %"),
        (0.001, "0.1 %"),
        (0.0205, "2.1 %"),
        (0.3, "30 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_is_rounded_up_at_two_digits(share: float, text: str) -> None:
    assert percent(share, up=True) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0149, "1.5 %"),
        (0.0996, "10 %"),
        (0.734, "73 %"),
        (1.0, "100 %"),
        (math.nan, "-"),
    ],
)
def test_a_share_is_a_percentage_at_two_digits(share: float, text: str) -> None:
    assert percent(share) == text


def test_a_match_is_50_at_the_threshold_and_stays_within_100() -> None:
    assert match(0.21, 0.21) == 50
    assert 0 <= match(-9.0, 0.2) < match(0.1, 0.2) < 50 < match(0.3, 0.2) < match(9.0, 0.2) <= 100
