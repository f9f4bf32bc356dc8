"""A real network camera on loopback: MJPEG over HTTP, as cheap IP cameras serve it."""

from __future__ import annotations

import http.server
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.camera.opencv import cv2


class NetworkCamera:
    """Serves pictures of 64x48 pixels, about 50 a second, until told otherwise."""

    def __init__(self) -> None:
        self.running = threading.Event()
        self.stalled = threading.Event()
        self.authorization: list[str] = []
        self._server: http.server.ThreadingHTTPServer | None = None
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/live"

    def url_with_password(self, password: str) -> str:
        return f"http://operator:{password}@127.0.0.1:{self._port}/private"

    def start(self) -> None:
        self.running.set()
        self._server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", self._port), self._handler_class()
        )
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Unplug it: connections end, and nobody listens at the port any more."""
        self.running.clear()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _handler_class(self) -> type[http.server.BaseHTTPRequestHandler]:
        camera = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera.authorization.append(self.headers.get("Authorization", ""))
                if self.path == "/private" and not self.headers.get("Authorization"):
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                if self.path == "/page":
                    self._send(b"<html>no pictures here</html>", "text/html")
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=cut")
                self.end_headers()
                number = 0
                while camera.running.is_set():
                    if not camera.stalled.is_set():
                        try:
                            self._picture(number)
                        except OSError:
                            return
                        number += 1
                    time.sleep(0.02)

            def _picture(self, number: int) -> None:
                level = 40 + number % 100
                _, data = cv2.imencode(".jpg", np.full((48, 64, 3), level, np.uint8))
                head = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                self.wfile.write(head.encode() + data.tobytes() + b"\r\n")
                self.wfile.flush()

            def _send(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def ordinary_user(tmp_path: Path) -> Iterator[None]:
    """Root may read everything; the tests that need a refusal run as nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.chown(tmp_path, 65534, 65534)
    for folder in tmp_path.parents:
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(0o711)
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.fixture
def network_camera() -> Iterator[NetworkCamera]:
    camera = NetworkCamera()
    yield camera
    camera.stop()
