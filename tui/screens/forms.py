"""The forms: a new person, an import, recognition, a file for what was copied."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Input, Label, Select

from engine.contract.requests import EnrolRequest, FaceChoice, ImportRequest, RecogniseRequest
from engine.machine import display_available
from engine.settings import ConsentSettings
from engine.text import many
from tui.keys.keymap import with_keys
from tui.screens.dialog import Form, Send
from tui.screens.sources import SEPARATOR, FolderField, SourceField
from tui.widgets.fields import Field, Tick, Wrong

SOURCES = "0, /dev/video0, clip.mp4, folder/, rtsp://, http://, demo:collins"


def window_field(ticked: bool) -> Field:
    """Whether OpenCV's own window shows the camera too; it says why where that cannot be."""
    if display_available():
        tick = Tick("OpenCV's own preview too", ticked, id="form-window")
        return Field("Window", tick, id="window-field")
    why = "no display here (DISPLAY is not set)"
    return Field("Window", Tick(why, False, id="form-window", disabled=True), id="window-field")


def consent_field(settings: ConsentSettings) -> Field:
    """Who asked the person and notes that they agreed."""
    wanted = {"refuse": "who asked; needed", "warn": "who asked, if they agreed"}
    placeholder = wanted.get(settings.required, "")
    field = Field("Consent", Input(id="form-consent-by", placeholder=placeholder, compact=True))
    field.display = settings.required != "off"
    return field


def sources_hint() -> Label:
    """What a source may be."""
    text = f"Source: {SOURCES}"
    return Label(text, classes="hint", markup=False)


class NewPersonForm(Form[EnrolRequest]):
    """Name, source, number of pictures."""

    TITLE_TEXT = "New person"
    GO = "Capture"

    def __init__(
        self,
        send: Send[EnrolRequest],
        *,
        source: str,
        count: int,
        window: bool = False,
        name: str = "",
        then_train: bool = True,
        consent: ConsentSettings | None = None,
    ) -> None:
        super().__init__(send)
        self._consent = consent or ConsentSettings()
        self._source, self._count, self._name_given = source, count, name
        self._window, self._then_train = window, then_train

    def form_fields(self) -> ComposeResult:
        """The name first: the rest is remembered."""
        yield Field(
            "Name",
            Input(self._name_given, id="form-name", placeholder="Ada Lovelace", compact=True),
        )
        yield SourceField(self._source)
        yield Field(
            "Pictures", Input(str(self._count), id="form-count", type="integer", compact=True)
        )
        yield window_field(self._window)
        yield Field("Then", Tick("split, train and recognise", self._then_train, id="form-train"))
        yield consent_field(self._consent)
        yield self.hint()

    def hint(self) -> Label:
        """What helps to fill the form in."""
        return sources_hint()

    @property
    def then_train(self) -> bool:
        """Whether the rest of the way is to follow the capture."""
        return self.query_one("#form-train", Tick).value

    def request(self) -> EnrolRequest:
        """Checks what needs no engine; the engine checks the name."""
        name, source, count = map(self.value, ("#form-name", "#form-source", "#form-count"))
        if not name:
            raise Wrong("A person needs a name.", "#form-name")
        if not source:
            raise Wrong("Say where the pictures come from.", "#form-source")
        if not count.isdecimal() or not 1 <= int(count) <= 10_000:
            raise Wrong("Pictures are a whole number from 1 to 10000.", "#form-count")
        window = self.query_one("#form-window", Tick).value
        by = self.value("#form-consent-by")
        return EnrolRequest(person=name, source=source, count=int(count), window=window, consent=by)


class WelcomeForm(NewPersonForm):
    """The first person, at the first start on a workspace."""

    TITLE_TEXT = "Welcome to Facedesk: enrol the first person"

    def on_mount(self) -> None:
        """Leave out what nobody needs at first."""
        self.query_one("#window-field").display = False

    def hint(self) -> Label:
        """What happens, and what else there is."""
        text = (
            "Facedesk takes pictures, trains, and then names whom it sees. Faces are biometric "
            "data: enrol people who agreed. All stays on this machine. Without a camera take "
            "demo:collins. {key[anywhere.help-field]} shows every key."
        )
        return Label(with_keys(text), classes="hint", markup=False)


class ImportForm(Form[ImportRequest]):
    """A folder with one sub-folder a person."""

    TITLE_TEXT = "Import a folder"
    GO = "Import"

    def __init__(self, send: Send[ImportRequest], consent: ConsentSettings | None = None) -> None:
        super().__init__(send)
        self._consent = consent or ConsentSettings()

    def form_fields(self) -> ComposeResult:
        """Folder and which face of a photograph counts."""
        yield FolderField("Folder", "", id="form-folder", hint="/home/desk/photographs")
        yield Field(
            "Face",
            Select[str](
                [
                    ("central: the one nearest the middle", "central"),
                    ("largest: the largest one", "largest"),
                    ("only: refuse pictures with several", "only"),
                ],
                value="central",
                allow_blank=False,
                compact=True,
                id="form-face",
            ),
        )
        yield consent_field(self._consent)
        yield Label(
            "Layouts: NAME/pictures, or train/NAME and validation/NAME.",
            classes="hint",
            markup=False,
        )

    def request(self) -> ImportRequest:
        """The engine looks at the folder."""
        folder = self.value("#form-folder")
        if not folder:
            raise Wrong("Say which folder.", "#form-folder")
        face = cast(FaceChoice, self.query_one("#form-face", Select).value)
        return ImportRequest(folder=folder, face=face, consent=self.value("#form-consent-by"))


class RecogniseForm(Form[RecogniseRequest]):
    """Where to look."""

    TITLE_TEXT = "Recognise"
    GO = "Watch"

    def __init__(self, send: Send[RecogniseRequest], *, source: str, window: bool = False) -> None:
        super().__init__(send)
        self._source, self._window = source, window

    def form_fields(self) -> ComposeResult:
        """The source, and where to show it."""
        yield SourceField(self._source)
        yield window_field(self._window)
        yield sources_hint()
        yield Label("Several at once: 0; 1; rtsp://…", classes="hint", markup=False)

    def request(self) -> RecogniseRequest:
        """The engine opens the sources."""
        given = self.value("#form-source").split(SEPARATOR.strip())
        sources = [source.strip() for source in given if source.strip()]
        if not sources:
            raise Wrong("Say where to look.", "#form-source")
        window = self.query_one("#form-window", Tick).value
        return RecogniseRequest(source=sources[0], window=window, beside=tuple(sources[1:]))


class CopiedForm(Form[Path]):
    """The text is copied; Enter also writes it to a file, Esc closes."""

    TITLE_TEXT = "Copied"
    GO = "Write file"

    def __init__(self, send: Send[Path], *, lines: int, file: Path) -> None:
        super().__init__(send)
        self._lines, self._file = lines, file

    def form_fields(self) -> ComposeResult:
        """What was done, and where the file would be."""
        yield Label(
            (
                "{lines} sent to the terminal's clipboard (OSC 52). Not every terminal takes it, "
                "and tmux only with `set -g set-clipboard on`."
            ).format(lines=many(self._lines, "line")),
            markup=False,
        )
        yield Field("File", Input(str(self._file), id="copied-file", compact=True))

    def on_mount(self) -> None:
        """The button has the focus: Enter writes, and letters do not change the path."""
        self.query_one("#form-go").focus()

    @on(Button.Pressed, "#form-go")
    def _write(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_confirm()

    def request(self) -> Path:
        """Where to write. An existing file is not written over."""
        text = self.value("#copied-file")
        if not text:
            raise Wrong("Say where the file goes.", "#copied-file")
        file = Path(text).expanduser()
        if file.exists():
            raise Wrong("There is such a file already: choose another name.", "#copied-file")
        return file
