"""Words in another language, by gettext; English where there is none.

`_("Sentence with a {name}.").format(name=...)`: the English sentence is the key, and `.format`
comes after, on the sentence only. The catalogue is one for engine and interface,
`tui/locale/facedesk.pot`; a translation is `tui/locale/LANGUAGE/LC_MESSAGES/facedesk.mo`. The
language is FACEDESK_LANGUAGE, else that of the environment (LANGUAGE, LC_ALL, LANG); the
engine's child processes inherit it. It is chosen once a process, at the first word.
"""

from __future__ import annotations

import gettext
import os
from pathlib import Path

LOCALE = Path(__file__).resolve().parents[1] / "tui" / "locale"
DOMAIN = "facedesk"


class _Chosen:
    translations: gettext.NullTranslations | None = None


def use(translations: gettext.NullTranslations) -> None:
    """Take words from here from now on; before the modules that hold words are imported."""
    _Chosen.translations = translations


def _(text: str) -> str:
    """The text in the operator's language, or itself."""
    return _translations().gettext(text) if text else ""


def _n(one: str, more: str, count: int) -> str:
    """The form that fits `count`: of a translation by its own plural rule, else `one` for 1."""
    return _translations().ngettext(one, more, count)


def language() -> str:
    """The code of the language that words come in, `en` if untranslated."""
    return _translations().info().get("language") or "en"


def _translations() -> gettext.NullTranslations:
    if _Chosen.translations is None:
        named = os.environ.get("FACEDESK_LANGUAGE")
        languages = [named] if named else None
        use(gettext.translation(DOMAIN, LOCALE, languages, fallback=True))
    assert _Chosen.translations is not None
    return _Chosen.translations
