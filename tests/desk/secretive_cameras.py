"""Two network cameras on loopback that want a password: one shows a face, one only answers."""

from __future__ import annotations

import http.server
import socketserver
import threading
import time

from engine.camera.demo import DemoSource
from engine.camera.opencv import cv2


def pictures(count: int) -> list[bytes]:
    """JPEGs of a person who moves, as a network camera would send them."""
    source, made = DemoSource("demo:collins"), []
    for _unused in range(count):
        frame = source.read()
        assert frame is not None
        made.append(cv2.imencode(".jpg", frame.image)[1].tobytes())
    return made


class HttpCamera:
    """MJPEG over HTTP for whoever sends an Authorization header; counts who did."""

    def __init__(self) -> None:
        frames, camera = pictures(60), self
        self.authorised: list[str] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not self.headers.get("Authorization"):
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                camera.authorised.append(self.headers["Authorization"])
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=cut")
                self.end_headers()
                number = 0
                try:
                    while True:
                        data = frames[number % len(frames)]
                        head = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}"
                        self.wfile.write(head.encode() + b"\r\n\r\n" + data + b"\r\n")
                        number += 1
                        time.sleep(0.03)
                except OSError:
                    return

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_port


class RtspCamera:
    """Answers every RTSP request with 401: FFmpeg then tries the password, and reports."""

    def __init__(self) -> None:
        camera = self
        self.asked: list[str] = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while line := self.rfile.readline():
                    camera.asked.append(line.decode("latin-1").strip())
                    number = "1"
                    while (header := self.rfile.readline()).strip():
                        if header.lower().startswith(b"cseq:"):
                            number = header.decode().split(":")[1].strip()
                    self.wfile.write(
                        f"RTSP/1.0 401 Unauthorized\r\nCSeq: {number}\r\n"
                        'WWW-Authenticate: Basic realm="camera"\r\n\r\n'.encode()
                    )

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])
