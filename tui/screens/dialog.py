"""What all dialogs share: Esc closes, Enter does it, an error shows inside the dialog.

The dialogs of the whole app: a question before something is lost, what a deletion is to be, and
the note shown while the app closes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

from rich.text import Text
from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Checkbox, Input, Select, Static

from engine.contract.errors import FacedeskError
from tui.keys import bindings_of
from tui.keys.keymap import with_keys
from tui.widgets.fields import Wrong
from tui.words.events import in_app
from tui.words.text import clean

Result = TypeVar("Result")
Request = TypeVar("Request")
Answer = TypeVar("Answer")
Send: TypeAlias = Callable[[Request], Awaitable[None]]
"""Hands a request to the engine; raises FacedeskError."""


class Dialog(ModalScreen[Result], Generic[Result]):
    """A box in the middle of the screen. Posts `Opened` once it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("dialog", "confirm")]
    HELP: ClassVar[str] = "dialog"
    """Topic of the help, and the context whose keys a subclass has that names one."""

    def __init_subclass__(cls) -> None:
        if "HELP" in vars(cls) and "BINDINGS" not in vars(cls):
            cls.BINDINGS = [*bindings_of(cls.HELP)]
        super().__init_subclass__()

    class Opened(Message):
        """The dialog takes keys from now on."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = False

    def on_screen_resume(self) -> None:
        """The first field has the focus after the first layout."""
        self.call_after_refresh(self._open)

    def _open(self) -> None:
        if not self.opened:
            self.opened = True
            self.app.post_message(self.Opened())

    def compose(self) -> ComposeResult:
        """The box with the screen's title; contents by `body`."""
        with Vertical(classes="dialog") as box:
            box.border_title = Text(clean(self.title or ""))
            yield from self.body()

    def body(self) -> ComposeResult:
        """What is inside the box."""
        yield from ()

    def action_dismiss_dialog(self) -> None:
        """Close without doing anything."""
        self.dismiss(None)


class Form(Dialog[bool], Generic[Request]):
    """Fields and two buttons. `send` starts the job and raises FacedeskError if it cannot."""

    GO: ClassVar[str] = "Start"

    def __init__(self, send: Send[Request], *fields: Widget) -> None:
        super().__init__()
        self._send, self._fields = send, fields
        self._sending = False

    def body(self) -> ComposeResult:
        """Fields, a line for errors, buttons."""
        yield from self._fields
        yield Static(id="form-error", classes="error", markup=False)
        with Horizontal(classes="buttons"):
            yield Button(f"{self.GO} (Enter)", variant="primary", id="form-go", compact=True)
            yield Button("Close (Esc)", id="form-close", compact=True)

    @abstractmethod
    def request(self) -> Request:
        """The request that the fields make. Raises Wrong."""

    def value(self, selector: str) -> str:
        """A field's text without blanks around it."""
        return self.query_one(selector, Input).value.strip()

    def needed(self, selector: str, why: str) -> str:
        """The same of a field that must not be empty. Raises Wrong, which says `why`."""
        if not (text := self.value(selector)):
            raise Wrong(why, selector)
        return text

    def refuse(self, why: str, selector: str = "") -> None:
        """Show why not, and go to the field that is wrong."""
        self.query_one("#form-error", Static).update(Text(clean(why)))
        if selector:
            self.query_one(selector).focus()

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Checkbox.Changed)
    def _changed(self) -> None:
        for line in self.query("#form-error").results(Static):
            line.update("")  # it was about what stood here before

    @on(Input.Submitted)
    @on(Button.Pressed, "#form-go")
    def _go(self) -> None:
        self.action_confirm()

    @on(Button.Pressed, "#form-close")
    def _close(self) -> None:
        self.action_dismiss_dialog()

    def action_confirm(self) -> None:
        """Send the request once; close when the engine has taken it."""
        if self._sending:
            return
        try:
            request = self.request()
        except Wrong as wrong:
            self.refuse(str(wrong), wrong.field)
            return
        self._sending = True
        self._submit(request)

    @work(exit_on_error=False)
    async def _submit(self, request: Request) -> None:
        try:
            await self._send(request)
        except Exception as error:
            self.refuse(trouble(error))
        else:
            self.dismiss(True)
        finally:
            self._sending = False


def trouble(error: Exception) -> str:
    """What stopped a job from starting, in a sentence, and what helps."""
    if isinstance(error, FacedeskError):
        return f"{error}. {in_app(error.hint)}".rstrip()
    return f"Unexpected trouble: {type(error).__name__}: {error}"


class Closing(ModalScreen[None]):
    """Shown while the engine ends; takes no keys."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def compose(self) -> ComposeResult:
        """One line."""
        with Vertical(classes="dialog"):
            yield Static("Closing: ending the camera and model processes ...", markup=False)


class Choice(Dialog[Answer], Generic[Answer]):
    """A question that ends with an answer, by its button (id `<HELP>-<answer>`) or its key."""

    ANSWERS: tuple[tuple[Answer, str], ...]
    """Answers with the words on their buttons."""
    GRAVE: Answer | None = None
    """The answer whose button warns by its colour."""

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        super().__init__()
        self.title, self._lines = title, lines

    def body(self) -> ComposeResult:
        """The lines, then the answers."""
        for text in self._lines:
            yield Static(clean(text), markup=False)
        yield from self.buttons()

    def buttons(self) -> ComposeResult:
        """A row with all answers."""
        with Horizontal(classes="buttons"):
            for answer, label in self.ANSWERS:
                yield Button(
                    with_keys(label),
                    id=f"{self.HELP}-{answer}",
                    variant="error" if answer == self.GRAVE else "default",
                    compact=True,
                )

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        ids = {f"{self.HELP}-{answer}": answer for answer, _label in self.ANSWERS}
        self.dismiss(ids[event.button.id or ""])

    def action_answer(self, answer: Answer) -> None:
        """Answered by a key."""
        self.dismiss(answer)


class Confirm(Choice[bool]):
    """Asks before something is lost. The safe answer has the focus."""

    AUTO_FOCUS = "#question-False"  # Enter alone must lose nothing
    HELP = "question"
    GRAVE = True

    def __init__(self, title: str, lines: Sequence[str], yes: str, no: str) -> None:
        super().__init__(title, lines)
        self.ANSWERS = ((False, no), (True, yes))


def confirm(
    app: App[Any],
    title: str,
    lines: Sequence[str],
    yes: str,
    no: str,
    then: Callable[[], object],
    otherwise: Callable[[], object] = lambda: None,
) -> None:
    """Ask, and call `then` after a yes, `otherwise` after a no; Esc calls neither."""

    def answered(answer: bool | None) -> None:
        if answer is not None:
            (then if answer else otherwise)()

    app.push_screen(Confirm(title, lines, yes, no), answered)


Deletion = Literal["trash", "erase", "keep"]


class DeletionQuestion(Choice[Deletion]):
    """Three answers; the one that loses nothing has the focus. Esc keeps everything."""

    AUTO_FOCUS = "#deletion-keep"
    HELP = "deletion"
    ANSWERS = (
        ("keep", "Keep ({key[deletion.answer-keep]})"),
        ("trash", "To the trash ({key[deletion.answer-trash]})"),
        ("erase", "Erase at once ({key[deletion.answer-erase]})"),
    )
    GRAVE = "erase"
