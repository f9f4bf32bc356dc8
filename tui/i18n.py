"""The words of the interface in another language, by gettext; English where there is none.

`_("Sentence with a {name}.").format(name=...)`: the English sentence is the key. All of them stand
in `tui/locale/facedesk.pot`. A translation is `tui/locale/LANGUAGE/LC_MESSAGES/facedesk.mo`;
the language is FACEDESK_LANGUAGE, else that of the environment (LANGUAGE, LC_ALL, LANG).
It is chosen once a process, at the first word.
"""

from __future__ import annotations

import gettext
import os
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "facedesk"


class _Chosen:
    translations: gettext.NullTranslations | None = None


def use(translations: gettext.NullTranslations) -> None:
    """Take words from here from now on; before the modules that hold words are imported."""
    _Chosen.translations = translations


def _(text: str) -> str:
    """The text in the operator's language, or itself."""
    if _Chosen.translations is None:
        named = os.environ.get("FACEDESK_LANGUAGE")
        languages = [named] if named else None
        use(gettext.translation(DOMAIN, LOCALE, languages, fallback=True))
    assert _Chosen.translations is not None
    return _Chosen.translations.gettext(text) if text else ""
