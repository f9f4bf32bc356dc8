"""What all dialogs share: Esc closes, Enter does it, trouble shows inside the dialog."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar, Generic, TypeAlias, TypeVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from engine.errors import FacedeskError
from tui.keys import bindings_of
from tui.text import clean
from tui.widgets.fields import Wrong

Result = TypeVar("Result")
Request = TypeVar("Request")
Send: TypeAlias = Callable[[Request], Awaitable[None]]
"""Hands a request to the engine; raises FacedeskError."""


class Dialog(ModalScreen[Result], Generic[Result]):
    """A box in the middle of the screen. Posts `Opened` once it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("dialog", "confirm")]
    TITLE_TEXT: ClassVar[str] = ""
    HELP: ClassVar[str] = ""
    """Topic of F1 help; empty: F1 does nothing here."""

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

    def title_text(self) -> str:
        """The box's title."""
        return self.TITLE_TEXT

    def compose(self) -> ComposeResult:
        """The box with its title; contents by `body`."""
        with Vertical(classes="dialog") as box:
            box.border_title = Text(clean(self.title_text()))
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

    def __init__(self, send: Send[Request]) -> None:
        super().__init__()
        self._send = send
        self._sending = False

    def body(self) -> ComposeResult:
        """Fields, a line for errors, buttons."""
        yield from self.form_fields()
        yield Static(id="form-error", classes="error", markup=False)
        with Horizontal(classes="buttons"):
            yield Button(f"{self.GO} ({'Enter'})", variant="primary", id="form-go", compact=True)
            yield Button("Close (Esc)", id="form-close", compact=True)

    def form_fields(self) -> ComposeResult:
        """The fields."""
        yield from ()

    def request(self) -> Request:
        """The request that the fields make. Raises Wrong."""
        raise NotImplementedError

    def value(self, selector: str) -> str:
        """A field's text without blanks around it."""
        return self.query_one(selector, Input).value.strip()

    def refuse(self, why: str, selector: str = "") -> None:
        """Show why not, and go to the field that is wrong."""
        self.query_one("#form-error", Static).update(Text(clean(why)))
        if selector:
            self.query_one(selector).focus()

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
        except FacedeskError as error:
            self.refuse(" ".join(filter(None, (f"{error}.", error.hint))))
        except Exception as error:
            self.refuse(
                "Unexpected trouble: {error}".format(error=f"{type(error).__name__}: {error}")
            )
        else:
            self.dismiss(True)
        finally:
            self._sending = False
