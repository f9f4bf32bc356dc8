"""Dataclass messages over a socket between the processes: JSON header plus raw bytes, no pickle.

On the wire: two big-endian uint32 (header length, payload length), the UTF-8 JSON header
`{"type": class name, ...fields}`, then the payload: the value of the message's one `bytes` field,
if it has any. Only classes in the registry can be received.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from dataclasses import fields, is_dataclass
from typing import Any

from engine import contract
from engine.contract import messages, people, requests
from engine.workspace.files import parse_json

LONGEST_HEADER = 4 << 20
LONGEST_PAYLOAD = 64 << 20
_LENGTHS = struct.Struct("!II")


class WireError(Exception):
    """The other side sent what this protocol does not allow."""


def _registry() -> dict[str, type]:
    """All message classes by name."""
    found: dict[str, type] = {}
    for module in (contract, messages, people, requests):
        for name, value in vars(module).items():
            if isinstance(value, type) and is_dataclass(value):
                found[name] = value
    return found


REGISTRY = _registry()


def encode(message: Any) -> bytes:
    """One message as bytes ready to send."""
    header: dict[str, Any] = {"type": type(message).__name__}
    payload = b""
    for item in fields(message):
        value = getattr(message, item.name)
        if isinstance(value, bytes):
            payload = value
            header[item.name] = None
            header["payload"] = item.name
        else:
            header[item.name] = value
    text = json.dumps(header, separators=(",", ":"), default=_nested).encode()
    return _LENGTHS.pack(len(text), len(payload)) + text + payload


def _nested(value: Any) -> dict[str, Any]:
    """A dataclass in a message, as JSON. Raises TypeError for anything else."""
    return {"type": type(value).__name__, **{f.name: getattr(value, f.name) for f in fields(value)}}


def _tuples(value: Any) -> Any:
    """JSON arrays back to tuples, nested requests back to their classes."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        if value.get("type") in REGISTRY:
            body = {k: _tuples(v) for k, v in value.items() if k != "type"}
            return REGISTRY[value["type"]](**body)
        return {key: _tuples(item) for key, item in value.items()}
    return value


def decode(header: bytes, payload: bytes) -> Any:
    """The message of a header and payload. Raises WireError if it is none of ours."""
    try:
        body = parse_json(header, nan=True)  # an event's NaN: no such figure
        kind = REGISTRY[body.pop("type")]
        binary = body.pop("payload", None)
        values = {name: _tuples(value) for name, value in body.items()}
        if binary is not None:
            values[binary] = payload
        return kind(**values)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WireError(f"not a message of ours: {error}") from error


class Channel:
    """A connected stream socket that carries messages. Sending is safe from several threads."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._sending = threading.Lock()

    def send(self, message: Any) -> None:
        """Send one message; blocks while the other side does not read.

        Raises OSError if the connection is gone.
        """
        data = encode(message)
        with self._sending:
            self._socket.sendall(data)

    def receive(self) -> Any | None:
        """The next message, or None when the other side has closed. Raises WireError."""
        lengths = self._exactly(_LENGTHS.size)
        if lengths is None:
            return None
        header_length, payload_length = _LENGTHS.unpack(lengths)
        if header_length > LONGEST_HEADER or payload_length > LONGEST_PAYLOAD:
            raise WireError("a message is longer than allowed")
        header = self._exactly(header_length)
        payload = self._exactly(payload_length)
        if header is None or payload is None:
            return None
        return decode(header, payload)

    def close(self) -> None:
        """Close both directions; a blocked `receive` on either side returns None."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _exactly(self, size: int) -> bytes | None:
        """Read `size` bytes, or None if the connection ends before."""
        parts = bytearray()
        while len(parts) < size:
            try:
                part = self._socket.recv(size - len(parts))
            except OSError:
                return None
            if not part:
                return None
            parts += part
        return bytes(parts)
