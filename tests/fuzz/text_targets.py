"""Targets: configuration, keys, names, sources, the wire, and text that is shown or exported."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import socket
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from unicodedata import category

from engine.camera.demo import parse_demo
from engine.camera.recording_folder import recording_path
from engine.camera.source import kind_of
from engine.config import load_settings
from engine.desk.wire import Channel, decode
from engine.people import roster
from engine.people.person import clean_name, is_slug, slug_for
from engine.text import mask_credentials, name_key
from engine.workspace.folder import Workspace
from tests.fuzz import scratch
from tui.board import Memory
from tui.cli.output import Output
from tui.keys import KEYS
from tui.keys.keymap import as_file, checked, read_keymap
from tui.words.tables import Sheet
from tui.words.text import clean, shorten

SOURCES = (
    "0", "/dev/video0", "demo:collins?seed=3&frames=20", "rtsp://user:s3cret@cam/live?token=s3cret",
    "replay:/tmp/x.fdrec", "file:///tmp/a%20b.mp4", "folder/", "http://a/b?password=s3cret#x",
)  # fmt: skip


def text_of(data: bytes) -> str:
    """Bytes as a command line or a file name gives them to Python."""
    return data.decode("utf-8", "surrogateescape")


@contextmanager
def environment_of(values: dict[str, str]) -> Iterator[None]:
    """These variables, and none else of ours."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("FACEDESK_")]:
        del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def configuration(data: bytes) -> None:
    """The configuration file."""
    with environment_of({"FACEDESK_CONFIG": str(scratch.file("config.toml", data))}):
        load_settings()


def environment(data: bytes) -> None:
    """Lines `SECTION__NAME=value` as variables."""
    values = {}
    for line in text_of(data).split("\n")[:20]:
        name, _sign, value = line.partition("=")
        if name and "\0" not in line:
            values[f"FACEDESK_{name}"] = value
    with environment_of({**values, "FACEDESK_CONFIG": "/nonexistent"}):
        load_settings()


def keys(data: bytes) -> None:
    """The key file; never raises."""
    keymap = read_keymap(scratch.file("keys.toml", data), KEYS)
    written = tomllib.loads(as_file(KEYS, keymap))
    assert checked(written, KEYS).changed == keymap.changed


def memory(data: bytes) -> None:
    """What the app remembers; never raises."""
    remembered = Memory(scratch.file("memory/ui.json", data).parent)
    assert isinstance(remembered.get("theme", ""), str)
    remembered.put("count", 3)
    remembered.save()


def source(data: bytes) -> None:
    """A source as typed: its kind, and no credential in what is shown of it."""
    text = text_of(data)
    masked = mask_credentials(text)
    if "://" in text[:12] and "s3cret@" in text:
        assert "s3cret@" not in masked
    kind = kind_of(text)
    if kind == "demo":
        parse_demo(text.strip())
    if kind == "replay":
        recording_path(text)


def wire(data: bytes) -> None:
    """A whole stream of messages, or one header."""
    if data[:1] == b"\1":
        decode(data[1:], b"payload")
        return
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(True)
        theirs.settimeout(2)
        ours.sendall(data[1:100_000])
        ours.shutdown(socket.SHUT_WR)
        channel = Channel(theirs)
        for _ in range(50):
            if channel.receive() is None:
                return


def name(data: bytes) -> None:
    """A person's name."""
    text = clean_name(text_of(data))
    assert clean_name(text) == text
    assert clean(text) == text
    assert is_slug(slug_for(text, lambda slug: False))
    assert name_key(name_key(text)) == name_key(text)


def shown(data: bytes) -> None:
    """Any text, as panes, command line, JSON, CSV and HTML show it."""
    text = text_of(data)
    assert not any(map(_moves, clean(text)))
    assert not any(map(_moves, shorten(text, 20)))
    out, err = io.StringIO(), io.StringIO()
    output = Output(out, err, as_json=True, quiet=False)
    output.object({"text": text})
    line = out.getvalue()
    assert json.loads(line)["text"] == text
    assert not any(map(_moves, line.rstrip("\n")))
    line.encode()
    human = Output(out, err, as_json=False, quiet=False)
    human.result(text)
    human.table((text[:20],), [(text,)], text)
    assert not any(_moves(c) for c in out.getvalue() if c != "\n")
    sheet = Sheet("x", ("name",), ((text,),)).file()
    (cell,) = list(csv.reader(io.StringIO(sheet)))[-1] or ("",)
    assert not cell.lstrip().startswith(("=", "@", "\t", "\r"))
    assert "<" not in html.escape(text)


def _moves(character: str) -> bool:
    """Whether a terminal may take it for something else than a sign in a cell."""
    return category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def roster_csv(data: bytes) -> None:
    """A CSV file of names."""
    workspace = Workspace(scratch.tree("roster-workspace", {}))
    added = roster.add(workspace, scratch.file("names.csv", data))
    for each in added.names:
        assert clean_name(each) == each
    assert len(roster.entries(workspace)) == len(added.names)
