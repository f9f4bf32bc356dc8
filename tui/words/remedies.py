"""What the app says where the command line names commands and options: keys, mostly."""

from __future__ import annotations

from engine.contract.errors import Remedy
from tui.keys.keymap import with_keys

IN_APP: dict[str, str] = {
    Remedy.AGREE_AGAIN: "Ask whether they agree again, then press {key[people.consent]}.",
    Remedy.CONSENT: "Press {key[people.consent]}.",
    Remedy.ENROL: "Press {key.new_person} to enrol somebody first.",
    Remedy.ENROL_TRAIN: "Enrol people with {key.new_person}, then press {key.train}.",
    Remedy.ERASE: "Restore it from a backup, or erase the person.",
    Remedy.ERASE_AGAIN: "Erase the person again, then remove that file.",
    Remedy.MODELS: "Press {key.models} to see the models, or train again.",
    Remedy.PEOPLE: "See the list of people.",
    Remedy.PICTURES: "Press Enter on the person to see the pictures.",
    Remedy.PROBES: "Press {key.split}, then {key.train}, or choose other pictures.",
    Remedy.PROMOTE: "{key.models}, then {key[models.promote]} uses it all the same.",
    Remedy.ROLLBACK: "{key.models}, then {key[models.rollback]} goes back; or train again.",
    Remedy.ROSTER: "Clear the roster.",
    Remedy.SHARED: "Erase only what nobody else holds.",
    Remedy.SPLIT: "Press {key.split}.",
    Remedy.STRANGER: "Restore it from a backup, or remove the stranger.",
    Remedy.STRANGERS: "See the list of strangers.",
    Remedy.STRANGERS_FOLDER: "Choose a folder of strangers.",
    Remedy.TRAIN: "Press {key.train}.",
    Remedy.TRASH: "Nothing else can be undone.",
    Remedy.UNKNOWN: "Press {key.unknown} to see who waits.",
    Remedy.UNSURE: "Say whether these unknown faces are removed too.",
    Remedy.VAULT: "Encrypt the workspace on the command line.",
}


def in_app(hint: str) -> str:
    """A hint as the app says it."""
    return with_keys(IN_APP[hint]) if hint in IN_APP else hint
