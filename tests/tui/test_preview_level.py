"""The choice of the preview's level, and the account of what it costs."""

from __future__ import annotations

from tui.terminal.line import (
    BURST,
    CHOICES,
    LIMITS,
    LONGEST_PATIENCE,
    PATIENCE,
    Account,
    Chooser,
    limits,
    rate_words,
)

LOOK = 0.25


def look(chooser: Chooser, start: float, seconds: float, *, behind: bool) -> float:
    """Look four times a second for so long; the time after that."""
    for n in range(round(seconds / LOOK)):
        chooser.look(start + n * LOOK, behind)
    return start + seconds


def test_the_key_goes_round_from_the_automatic_choice():
    chooser = Chooser()
    assert [chooser.choice] + [chooser.next_choice() for _ in CHOICES] == [*CHOICES, "auto"]


def test_it_begins_at_normal_and_stays_there_while_the_terminal_keeps_up():
    chooser = Chooser()
    look(chooser, 0, 600, behind=False)
    assert chooser.level == "normal"


def test_three_looks_at_a_terminal_that_is_behind_lower_the_level():
    chooser = Chooser()
    now = look(chooser, 0, 2 * LOOK, behind=True)
    assert chooser.level == "normal"
    now = look(chooser, now, LOOK, behind=True)
    assert chooser.level == "low"
    look(chooser, now, 3 * LOOK, behind=True)
    assert chooser.level == "off"


def test_one_slow_moment_changes_nothing():
    chooser, now = Chooser(), 0.0
    for _ in range(50):
        now = look(chooser, now, LOOK, behind=True)
        now = look(chooser, now, 8 * LOOK, behind=False)
    assert chooser.level == "normal"


def test_it_goes_up_only_after_a_long_calm():
    chooser = Chooser()
    now = look(chooser, 0, 3 * LOOK, behind=True)
    now = look(chooser, now, PATIENCE - 1, behind=False)
    assert chooser.level == "low"
    look(chooser, now, 2, behind=False)
    assert chooser.level == "normal"


def test_a_step_up_that_was_too_early_is_tried_again_later_and_later():
    chooser, now, pauses = Chooser(), look(Chooser(), 0, 0, behind=False), []
    now = look(chooser, now, 3 * LOOK, behind=True)
    for _ in range(6):
        fell = now
        while chooser.level == "low":
            now = look(chooser, now, LOOK, behind=False)
        pauses.append(round(now - fell))
        while chooser.level == "normal":
            now = look(chooser, now, LOOK, behind=True)
    assert pauses[0] < pauses[1] < pauses[2] < pauses[3]
    assert pauses[-1] <= LONGEST_PATIENCE + 1


def test_what_the_operator_chose_stays_however_slow_the_terminal_is():
    chooser = Chooser("normal")
    look(chooser, 0, 60, behind=True)
    assert chooser.level == "normal"


def test_frames_never_cost_more_than_the_budget_a_burst_and_one_frame():
    account = Account()
    account.budget = LIMITS["low"].budget
    frame, spent, seconds = 40_000, 0, 30
    for tick in range(seconds * 30):
        now = tick / 30
        if account.may_draw(now):
            account.drawn(now, frame)
            spent += frame
    assert spent <= account.budget * (seconds + BURST) + frame
    assert spent > 0.9 * account.budget * seconds


def test_a_terminal_on_this_machine_may_take_more_than_one_over_ssh():
    here, there = limits("normal", {}), limits("normal", {"SSH_CONNECTION": "10.0.0.2"})
    assert here.budget > there.budget
    assert here.rate == there.rate


def test_off_draws_nothing():
    account = Account()
    account.budget = LIMITS["off"].budget
    assert not account.may_draw(0)


def test_the_camera_is_asked_for_as_many_frames_as_can_be_paid_for():
    account = Account()
    account.budget = 75_000
    assert account.affordable(4) == 4
    account.drawn(0, 50_000)
    assert account.affordable(4) == 1.5
    account.drawn(1, 5_000_000)
    assert account.affordable(4) == 0.5


def test_the_title_tells_level_rate_and_frames():
    assert rate_words("normal", "normal", 225_000, 6.2) == "preview normal 1.8 Mbit/s 6 fps"
    assert rate_words("auto", "low", 70_000, 2) == "preview auto low 0.6 Mbit/s 2 fps"
    assert rate_words("off", "off", 0, 0) == "preview off"
