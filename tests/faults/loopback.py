"""Network cameras on loopback whose every byte the test decides, faults included."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

Behaviour = Callable[["Connection"], None]
"""What the camera does with one connection; it is closed afterwards."""
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=cut\r\n\r\n"


class Connection:
    """One client. `send` raises OSError when it has gone or the camera was unplugged."""

    def __init__(self, client: socket.socket, camera: LoopbackCamera) -> None:
        self._client = client
        self.camera = camera
        self.request = self.more()
        """The request's head."""

    def more(self) -> bytes:
        """The head of the next request, empty at the end."""
        head = b""
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" not in head and (part := self._client.recv(4096)):
                head += part
        return head

    @property
    def path(self) -> str:
        """The path that was asked for."""
        words = self.request.split()
        return words[1].decode() if len(words) > 1 else ""

    def header(self, name: str) -> str:
        """A header's value, or nothing."""
        for line in self.request.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return ""

    def send(self, data: bytes) -> None:
        """All of it."""
        if not self.camera.plugged.is_set():
            raise ConnectionError("unplugged")
        self._client.sendall(data)

    def answer(self, status: str, *headers: str, body: bytes = b"") -> None:
        """A whole HTTP answer."""
        lines = (f"HTTP/1.0 {status}", *headers, f"Content-Length: {len(body)}", "", "")
        self.send("\r\n".join(lines).encode() + body)

    def picture(self, jpeg: bytes, *, length: bool = True) -> None:
        """One part of an MJPEG stream."""
        size = f"Content-Length: {len(jpeg)}\r\n".encode() if length else b""
        self.send(b"--cut\r\nContent-Type: image/jpeg\r\n" + size + b"\r\n" + jpeg + b"\r\n")

    def wait(self) -> None:
        """Say nothing until the camera is unplugged, or the client goes."""
        self._client.settimeout(0.05)
        while self.camera.plugged.is_set():
            try:
                if not self._client.recv(1):
                    return
            except TimeoutError:
                continue


class LoopbackCamera:
    """Serves one behaviour at a port of 127.0.0.1 until closed; can be unplugged meanwhile."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.plugged = threading.Event()
        self.connections = 0
        self._clients: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listening: socket.socket | None = None
        self._port = 0
        self.plug()

    def address(self, path: str = "/live", login: str = "", scheme: str = "http") -> str:
        """The camera's URL."""
        return f"{scheme}://{login}127.0.0.1:{self._port}{path}"

    @property
    def port(self) -> int:
        """The port it listens at, whenever plugged."""
        return self._port

    def plug(self) -> None:
        """Listen, at the same port as before."""
        self._listening = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listening.getsockname()[1]
        self.plugged.set()
        threading.Thread(target=self._serve, args=(self._listening,), daemon=True).start()

    def unplug(self) -> None:
        """Nobody listens any more, and connections break."""
        self.plugged.clear()
        if self._listening is not None:
            # Closing alone would not end an accept() that waits.
            with contextlib.suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._listening = None
        with self._lock:
            for client in self._clients:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _address = listening.accept()
            except OSError:
                return
            with self._lock:
                self._clients.add(client)
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            connection = Connection(client, self)
            if connection.request:  # else one who only looked whether somebody listens
                self.connections += 1
                self.behaviour(connection)
        with self._lock:
            self._clients.discard(client)


@contextlib.contextmanager
def camera(behaviour: Behaviour) -> Iterator[LoopbackCamera]:
    """A camera for the length of a block."""
    made = LoopbackCamera(behaviour)
    try:
        yield made
    finally:
        made.unplug()


def jpeg(image: NDArray[np.uint8], quality: int = 90) -> bytes:
    """A picture (BGR or grey) as JPEG."""
    good, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert good
    return bytes(data)


def lively(number: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """A picture with something in it that differs from the one before."""
    ramp = np.add.outer(np.arange(height), np.arange(width)) * 3 + number * 7
    return np.repeat((ramp % 200 + 20).astype(np.uint8)[:, :, None], 3, axis=2)


def film(pictures: Callable[[int], bytes | None], pause: float = 0.02) -> Behaviour:
    """A sound MJPEG camera: picture number 0, 1, 2 ... of `pictures`, until it gives None."""

    def behave(connection: Connection) -> None:
        connection.send(HEAD)
        number = 0
        while (data := pictures(number)) is not None:
            connection.picture(data)
            number += 1
            time.sleep(pause)

    return behave
