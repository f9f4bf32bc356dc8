"""The forms: a new person, an import, recognition, a file for what was copied."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from textual.widgets import Input, Label, Select

from engine.contract.requests import EnrolRequest, FaceChoice, ImportRequest, RecogniseRequest
from engine.machine import display_available
from engine.settings import ConsentSettings
from engine.text import many
from tui.keys.keymap import with_keys
from tui.link import LastUsed
from tui.screens.dialog import Form, Send
from tui.screens.sources import SEPARATOR, FolderField, SourceField
from tui.widgets.fields import Field, Tick, Wrong, hint

SOURCES = "0, /dev/video0, clip.mp4, folder/, rtsp://, http://, demo:collins"


def window_field(ticked: bool) -> Field:
    """Whether OpenCV's own window shows the camera too; it says why where that cannot be."""
    there = display_available()
    label = "OpenCV's own preview too" if there else "no display here (DISPLAY is not set)"
    tick = Tick(label, ticked and there, id="form-window", disabled=not there)
    return Field("Window", tick, id="window-field")


def consent_field(settings: ConsentSettings, by: str = "") -> Field:
    """Who asked the person and notes that they agreed."""
    wanted = {"refuse": "who asked; needed", "warn": "who asked, if they agreed"}
    placeholder = wanted.get(settings.required, "")
    line = Input(by, id="form-consent-by", placeholder=placeholder, compact=True)
    field = Field("Consent", line)
    field.display = settings.required != "off"
    return field


class NewPersonForm(Form[EnrolRequest]):
    """Name, source, number of pictures. The name is first: the rest is remembered."""

    TITLE = "New person"
    GO = "Capture"
    HINT = f"Source: {SOURCES}"
    """What helps to fill the form in."""

    def __init__(
        self,
        send: Send[EnrolRequest],
        *,
        source: str,
        used: LastUsed,
        then_train: bool,
        consent: ConsentSettings,
        name: str = "",
        by: str = "",
    ) -> None:
        count = Input(str(used.count), id="form-count", type="integer", compact=True)
        super().__init__(
            send,
            Field("Name", Input(name, id="form-name", placeholder="Ada Lovelace", compact=True)),
            SourceField(source),
            Field("Pictures", count),
            window_field(used.window),
            Field("Then", Tick("split, train and recognise", then_train, id="form-train")),
            consent_field(consent, by),
            hint(with_keys(self.HINT)),
        )

    @property
    def then_train(self) -> bool:
        """Whether the rest of the way is to follow the capture."""
        return self.query_one("#form-train", Tick).value

    def request(self) -> EnrolRequest:
        """Checks what needs no engine; the engine checks the name."""
        name = self.needed("#form-name", "A person needs a name.")
        source = self.needed("#form-source", "Say where the pictures come from.")
        count = self.value("#form-count")
        if not count.isdecimal() or not 1 <= int(count) <= 10_000:
            raise Wrong("Pictures are a whole number from 1 to 10000.", "#form-count")
        window = self.query_one("#form-window", Tick).value
        by = self.value("#form-consent-by")
        return EnrolRequest(person=name, source=source, count=int(count), window=window, consent=by)


class WelcomeForm(NewPersonForm):
    """The first person, at the first start on a workspace."""

    TITLE = "Welcome to Facedesk: enrol the first person"
    HINT = (
        "Facedesk takes pictures, trains, and then names whom it sees. Faces are biometric "
        "data: enrol people who agreed. All stays on this machine. Without a camera take "
        "demo:collins. {key[anywhere.help-field]} shows every key."
    )

    def on_mount(self) -> None:
        """Leave out what nobody needs at first."""
        self.query_one("#window-field").display = False


class ImportForm(Form[ImportRequest]):
    """A folder with one sub-folder a person, and which face of a photograph counts."""

    TITLE = "Import a folder"
    GO = "Import"

    def __init__(self, send: Send[ImportRequest], consent: ConsentSettings) -> None:
        faces = [
            ("central: the one nearest the middle", "central"),
            ("largest: the largest one", "largest"),
            ("only: refuse pictures with several", "only"),
        ]
        face = Select[str](faces, value="central", allow_blank=False, compact=True, id="form-face")
        super().__init__(
            send,
            FolderField("Folder", "", id="form-folder", hint="/home/desk/photographs"),
            Field("Face", face),
            consent_field(consent),
            hint("Layouts: NAME/pictures, or train/NAME and validation/NAME."),
        )

    def request(self) -> ImportRequest:
        """The engine looks at the folder."""
        folder = self.needed("#form-folder", "Say which folder.")
        face = cast(FaceChoice, self.query_one("#form-face", Select).value)
        return ImportRequest(folder=folder, face=face, consent=self.value("#form-consent-by"))


class RecogniseForm(Form[RecogniseRequest]):
    """Where to look, and where to show it."""

    TITLE = "Recognise"
    GO = "Watch"

    def __init__(self, send: Send[RecogniseRequest], *, source: str, window: bool) -> None:
        super().__init__(
            send,
            SourceField(source),
            window_field(window),
            hint(f"Source: {SOURCES}"),
            hint("Several at once: 0; 1; rtsp://…"),
        )

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

    TITLE = "Copied"
    GO = "Write file"

    def __init__(self, send: Send[Path], *, lines: int, file: Path) -> None:
        sent = (
            f"{many(lines, 'line')} sent to the terminal's clipboard (OSC 52). Not every terminal "
            "takes it, and tmux only with `set -g set-clipboard on`."
        )
        super().__init__(
            send,
            Label(sent, markup=False),
            Field("File", Input(str(file), id="copied-file", compact=True)),
        )

    def on_mount(self) -> None:
        """The button has the focus: Enter writes, and letters do not change the path."""
        self.query_one("#form-go").focus()

    def request(self) -> Path:
        """Where to write. An existing file is not written over."""
        file = Path(self.needed("#copied-file", "Say where the file goes.")).expanduser()
        if file.exists():
            raise Wrong("There is such a file already: choose another name.", "#copied-file")
        return file
