"""The one rule about consent, for every way of enrolling; and who may be recognised.

Enrolling somebody whose consent is not noted, or was withdrawn, gives a warning or is refused, as
`consent.required` says. Consent to an older text gives a warning only: whether the old words cover
what is done today is for people to judge. Whoever took their consent back is not named by
recognition, nor trained on, from that moment on; their pictures stay until they are erased.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.contract.errors import ConsentMissing, DataError, PersonNotFound, Remedy
from engine.contract.people import Consent, noted, outdated_words, state_of
from engine.people.person import Person, clean_name
from engine.people.registry import People, utc_now
from engine.people.roster import consent_for, forget_consent
from engine.settings import ConsentSettings
from engine.text import in_short, name_key
from engine.workspace.audit import Audit
from engine.workspace.folder import Workspace

DEMO = "demo:"
"""What the source of a bundled portrait, in the public domain, begins with: nobody is asked."""


@dataclass(frozen=True, slots=True)
class Permission:
    """That people may be enrolled. `sentence` is a warning about their consent, or empty; `new` is
    the consent to note with each name (its `name_key`), for those of whom there is any."""

    sentence: str
    new: dict[str, Consent]

    def consent(self, name: str) -> Consent | None:
        """The consent to note with this person, if any."""
        return self.new.get(name_key(name))


NOTHING_NEW = Permission("", {})
"""Nobody's consent is to be noted, nor missed: of strangers none is asked for."""


def permit(
    workspace: Workspace,
    names: Sequence[str],
    settings: ConsentSettings,
    by: str = "",
    source: str = "",
) -> Permission:
    """Return whether these people may be enrolled from `source`, or pictures of theirs added. `by`:
    all agreed now, as this person noted; otherwise what is noted with the person or on the roster
    counts. Raises ConsentMissing, NameInvalid."""
    people = People(workspace)
    new: dict[str, Consent] = {}
    known: dict[str, Consent | None] = {}
    for name in map(clean_name, names):
        try:
            known[name] = people.get(name).consent
        except PersonNotFound:
            known[name] = waiting = consent_for(workspace, name)
            if waiting is not None:
                new[name_key(name)] = waiting
        if by.strip():
            known[name] = new[name_key(name)] = noted(by, settings)
    return Permission("" if source.startswith(DEMO) else _judge(known, settings), new)


def brought(
    workspace: Workspace, name: str, theirs: Consent | None, settings: ConsentSettings, by: str = ""
) -> Permission:
    """The rule for somebody who is not here yet and brings their consent along in an archive.
    Anybody may have written an archive: where consent is required, only `by` and the roster count.
    A consent taken back is believed. Raises ConsentMissing."""
    required = settings.required == "refuse"
    believed = theirs if not required or (theirs and not theirs.given) else None
    consent = noted(by, settings) if by.strip() else believed or consent_for(workspace, name)
    try:
        sentence = _judge({name: consent}, settings)
    except ConsentMissing as error:
        if theirs is None or not theirs.given:
            raise
        raise ConsentMissing(
            error.title, f"what the archive says of {name} is not believed", Remedy.CONSENT
        ) from error
    return Permission(sentence, {name_key(name): consent} if consent else {})


def note(people: People, person: Person, permission: Permission) -> Person:
    """Write the new consent, if there is any that is not written yet, to a person who was enrolled
    before."""
    consent = permission.consent(person.name)
    return person if consent in (None, person.consent) else _write(people, person, consent)


def enrolled(people: People, name: str, permission: Permission) -> tuple[Person, bool]:
    """The person of this name, with the new consent if there is any; and whether they are new."""
    try:
        return note(people, people.get(name), permission), False
    except PersonNotFound:
        return people.add(name, permission.consent(name)), True


def note_consent(
    workspace: Workspace, settings: ConsentSettings, name: str, by: str, text_version: str
) -> Consent:
    """Note that a person agreed, now. Raises PersonNotFound, DataError if nobody noted it. The
    caller holds `Workspace.writer`."""
    if not by.strip():
        raise DataError("Consent needs a witness", "", "Say who asked and noted it.")
    consent = noted(by, settings, text_version.strip())
    people = People(workspace)
    _write(people, people.get(name), consent)
    return consent


def withdraw_consent(workspace: Workspace, name: str) -> Consent:
    """Note that consent was taken back, now. Raises PersonNotFound, DataError if there is none. The
    caller holds `Workspace.writer`."""
    registry = People(workspace)
    person = registry.get(name)
    if person.consent is None or not person.consent.given:
        raise DataError("There is no consent to withdraw", person.name, Remedy.PICTURES)
    consent = replace(person.consent, withdrawn=utc_now())
    with Audit(workspace).of("consent-withdrawn", person.id, text_version=consent.text_version):
        registry.set_consent(person.name, consent)
        forget_consent(workspace, person.name)
    return consent


def _write(people: People, person: Person, consent: Consent) -> Person:
    with Audit(people.workspace).of("consent-noted", person.id, text_version=consent.text_version):
        return people.set_consent(person.name, consent)


def refuse_taken_back(person: Person, into: Person) -> None:
    """Raise ConsentMissing if `person` took their consent back and `into`, with whom they are to be
    made one, did not: they would be named again under that name."""
    if is_withdrawn(person) and not is_withdrawn(into):
        raise ConsentMissing(
            "Consent was taken back",
            f"{person.name} took their consent back, and would be named again as {into.name}",
            Remedy.AGREE_AGAIN,
        )


def is_withdrawn(person: Person) -> bool:
    """Whether they took their consent back."""
    return person.consent is not None and not person.consent.given


def permitted(workspace: Workspace) -> tuple[Person, ...]:
    """Everybody enrolled, by name, who has not taken their consent back."""
    return tuple(p for p in People(workspace).list() if not is_withdrawn(p))


def withdrawn(workspace: Workspace) -> tuple[Person, ...]:
    """Everybody enrolled who has taken their consent back."""
    return tuple(p for p in People(workspace).list() if is_withdrawn(p))


def _judge(known: Mapping[str, Consent | None], settings: ConsentSettings) -> str:
    """What is amiss with the consent of these people. Raises ConsentMissing."""
    if settings.required == "off":
        return ""
    states = {name: state_of(consent, settings) for name, consent in known.items()}
    missing = [name for name, state in states.items() if state in ("none", "withdrawn")]
    if missing and settings.required == "refuse":
        raise ConsentMissing(
            "Consent is missing", f"no consent recorded for {in_short(missing)}", Remedy.CONSENT
        )
    if missing:
        return f"No consent recorded for {in_short(missing)}."
    outdated = [
        f"{name} {outdated_words(consent.text_version, settings)}"
        for name, consent in known.items()
        if consent is not None and states[name] == "outdated"
    ]
    more = f"; so did {len(outdated) - 1} more" if outdated[1:] else ""
    return f"{outdated[0]}{more}." if outdated else ""
