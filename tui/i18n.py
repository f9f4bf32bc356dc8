"""The words of the interface in another language, by gettext; English where there is none.

`_("Sentence with a {name}.").format(name=...)`: the English sentence is the key. All of them stand
in `tui/locale/facedesk.pot`. Words that go with a count: `_n(one, more, count).format(count=...)`
with `{count}` inside, for not every language puts it first. A translation is
`tui/locale/LANGUAGE/LC_MESSAGES/facedesk.mo`; the language is FACEDESK_LANGUAGE, else that of the
environment (LANGUAGE, LC_ALL, LANG). It is chosen once a process, at the first word.
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
    return _chosen().gettext(text) if text else ""


def _n(one: str, more: str, count: int) -> str:
    """The text that goes with `count` in the operator's language; in English one of the two."""
    return _chosen().ngettext(one, more, count)


def _chosen() -> gettext.NullTranslations:
    if _Chosen.translations is None:
        named = os.environ.get("FACEDESK_LANGUAGE")
        languages = [named] if named else None
        use(gettext.translation(DOMAIN, LOCALE, languages, fallback=True))
    assert _Chosen.translations is not None
    return _Chosen.translations


def counted(one: str, more: str = "") -> tuple[str, str]:
    """The two texts of a count with its noun: `{count} picture`, `{count} pictures`."""
    return f"{{count}} {one}", f"{{count}} {more or one + 's'}"
