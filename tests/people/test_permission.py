"""The one rule about consent, and who may be recognised."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from engine.contract.errors import ConsentMissing
from engine.contract.people import Consent, noted, state_of
from engine.people import roster
from engine.people.permission import enrolled, note, permit, permitted
from engine.people.registry import People
from engine.settings import ConsentSettings
from engine.workspace.audit import Audit
from engine.workspace.folder import Workspace

WARN = ConsentSettings()
REFUSE = ConsentSettings(required="refuse")
OFF = ConsentSettings(required="off")


def test_without_consent_one_sentence_names_who_it_is_about(workspace: Workspace) -> None:
    granted = permit(workspace, ["Ada", "Bob", "Cleo", "Dan"], WARN)
    assert granted.sentence.startswith("No consent recorded for Ada, Bob, Cleo and 1 more")
    assert granted.new == {}


def test_refusing_is_a_typed_error_with_a_way_out(workspace: Workspace) -> None:
    with pytest.raises(ConsentMissing, match="no consent recorded for Ada") as refused:
        permit(workspace, ["Ada"], REFUSE)
    assert "--consent WHO" in refused.value.hint
    assert refused.value.exit_code == 4


def test_switched_off_nothing_is_said(workspace: Workspace) -> None:
    assert permit(workspace, ["Ada"], OFF).sentence == ""


def test_consent_given_now_bears_who_when_and_the_words(workspace: Workspace) -> None:
    granted = permit(workspace, ["Ada"], REFUSE, "Desk one")
    consent = granted.consent("ADA")
    assert consent is not None
    assert (consent.by, consent.text_version, consent.text) == ("Desk one", "1", WARN.text)
    assert consent.at.startswith("20")
    assert consent.text_sha256 == hashlib.sha256(WARN.text.encode()).hexdigest()


def test_whoever_is_enrolled_again_is_the_same_and_their_consent_is_in_the_audit_log(
    workspace: Workspace,
) -> None:
    people = People(workspace)
    ada, new = enrolled(people, "Ada", permit(workspace, ["Ada"], WARN))
    again = enrolled(people, " ada ", permit(workspace, ["Ada"], WARN, "Desk one"))
    assert (new, again[1], again[0].id) == (True, False, ada.id)
    assert again[0].consent is not None
    assert [each.action for each in Audit(workspace).entries()][-1] == "consent-noted"


def test_consent_is_noted_once_of_whoever_is_in_two_parts_of_an_import(
    workspace: Workspace,
) -> None:
    people, granted = People(workspace), permit(workspace, ["Ada", "Bob"], WARN, "Desk one")
    people.add("Bob")
    for name in ("Ada", "Ada", "Bob", "Bob"):
        enrolled(people, name, granted)
    entries = list(Audit(workspace).entries())
    assert [each.action for each in entries].count("consent-noted") == 1


def test_consent_that_was_noted_before_counts(workspace: Workspace) -> None:
    People(workspace).add("Ada", noted("Desk one", WARN))
    assert permit(workspace, ["Ada"], REFUSE) == permit(workspace, ["ada"], WARN)
    assert permit(workspace, ["Ada"], REFUSE).sentence == ""


def test_consent_on_the_roster_counts_and_is_noted(workspace: Workspace, tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text("name,consent\nAda,signed sheet 7\nBob,no\n")
    roster.add(workspace, names)
    assert permit(workspace, ["Ada"], REFUSE).consent("Ada") == Consent(by="roster: signed sheet 7")
    with pytest.raises(ConsentMissing):
        permit(workspace, ["Bob"], REFUSE)


def test_withdrawn_consent_counts_as_none(workspace: Workspace) -> None:
    gone = replace(noted("Desk one", WARN), withdrawn="2026-11-27T10:00:00+00:00")
    People(workspace).add("Ada", gone)
    with pytest.raises(ConsentMissing):
        permit(workspace, ["Ada"], REFUSE)
    assert permit(workspace, ["Ada"], REFUSE, "Desk two").sentence == ""


def test_consent_to_an_older_text_is_told_and_not_refused(workspace: Workspace) -> None:
    People(workspace).add("Ada", noted("Desk one", WARN))
    newer = ConsentSettings(required="refuse", text_version="2", text="Other words.")
    granted = permit(workspace, ["Ada"], newer)
    assert granted.sentence == "Ada agreed to text 1, the present one is 2."


@pytest.mark.parametrize(
    ("consent", "state"),
    [
        (None, "none"),
        (noted("Desk", WARN), "given"),
        (Consent(by="signed on paper"), "given"),
        (Consent(by="Desk", text_version="0"), "outdated"),
        (Consent(by="Desk", text_version="1", text="The words before."), "outdated"),
        (Consent(by="Desk", text_version="1", withdrawn="2026-11-27"), "withdrawn"),
    ],
)
def test_where_a_consent_stands(consent: Consent | None, state: str) -> None:
    assert state_of(consent, WARN) == state


def test_a_consent_to_another_version_does_not_pretend_to_know_its_words() -> None:
    assert noted("Desk", WARN, "0").text == ""


def test_the_words_are_kept_with_the_person(workspace: Workspace) -> None:
    people = People(workspace)
    person = people.add("Ada")
    note(people, person, permit(workspace, ["Ada"], WARN, "Desk one"))
    kept = people.get("Ada").consent
    assert kept is not None
    assert kept.text == WARN.text


def test_who_took_their_consent_back_may_not_be_recognised(workspace: Workspace) -> None:
    people = People(workspace)
    people.add("Ada", noted("Desk", WARN))
    people.add("Bob")
    people.add("Cleo", Consent(by="Desk", withdrawn="2026-11-27T10:00:00+00:00"))
    assert [person.name for person in permitted(workspace)] == ["Ada", "Bob"]
