"""Network streams (RTSP, MJPEG and others over HTTP) through OpenCV's FFmpeg, with deadlines."""

from __future__ import annotations

import math
import socket
import time
from urllib.parse import urlsplit

from engine.camera.frame import Frame, SourceInfo, decoded
from engine.camera.masking import mask_credentials
from engine.camera.quiet import cv2
from engine.camera.video_file import USUAL_FPS
from engine.config import CameraSettings
from engine.errors import SourceError, SourceNotFound, SourceTimeout, SourceUnreadable
from engine.i18n import _

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


class StreamSource:
    """A stream by URL. Opening takes its first picture.

    Raises SourceNotFound (no such host, nobody listens), SourceTimeout, SourceUnreadable.
    `info.live` is False for a finite file that is served over HTTP.
    """

    def __init__(self, url: str, settings: CameraSettings) -> None:
        self._text = mask_credentials(url)
        self._read_timeout = settings.read_timeout
        check_reachable(url, settings.open_timeout)
        begun = time.monotonic()
        limits = [
            (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, settings.open_timeout),
            (cv2.CAP_PROP_READ_TIMEOUT_MSEC, settings.read_timeout),
        ]
        flat = [number for key, limit in limits for number in (key, math.ceil(limit * 1000))]
        self._capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, flat)
        self._first = decoded(*self._capture.read()) if self._capture.isOpened() else None
        if self._first is None:
            self.close()
            waited = time.monotonic() - begun
            if waited >= 0.9 * min(settings.open_timeout, settings.read_timeout):
                raise self._silent(waited)
            raise SourceUnreadable(
                _("The stream cannot be played"),
                _("{address} answers, but not with pictures").format(address=self._text),
                _("Check path, user name and password; try the address in a video player."),
            )
        self._sequence = 0
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        height, width = self._first.shape[:2]
        frames = int(count) if math.isfinite(count) and 0 < count < 1e9 else None
        self._info = SourceInfo(
            text=self._text,
            kind="stream",
            live=frames is None,
            width=width,
            height=height,
            fps=fps if math.isfinite(fps) and 0 < fps <= 1000 else 0.0,
            frames=frames,
            detail=f"{urlsplit(url).scheme} {width}x{height}",
        )

    @property
    def info(self) -> SourceInfo:
        """What was opened, the credentials masked."""
        return self._info

    def read(self) -> Frame | None:
        """The next picture; None at the end of a finite file. Raises SourceTimeout when none
        came in time and SourceUnreadable when the stream broke off."""
        begun = time.monotonic()
        image = self._first
        self._first = None
        if image is None:
            image = decoded(*self._capture.read())
        if image is None:
            if self._info.frames and self._sequence >= self._info.frames - 1:
                return None
            raise self._lost(time.monotonic() - begun)
        info = self._info
        position = self._sequence / (info.fps or USUAL_FPS)
        seconds = time.monotonic() if info.live else position
        frame = Frame(image, self._sequence, seconds, self._text)
        self._sequence += 1
        return frame

    def close(self) -> None:
        """Close the connection."""
        self._capture.release()

    def _lost(self, waited: float) -> SourceError:
        if waited >= 0.9 * self._read_timeout:
            return self._silent(waited)
        return SourceUnreadable(
            _("The stream broke off"), self._text, _("Check the camera's power and network.")
        )

    def _silent(self, waited: float) -> SourceTimeout:
        return SourceTimeout(
            _("The stream is silent"),
            _("{address} sent no picture for {waited:.1f} s").format(
                address=self._text, waited=waited
            ),
            _("Check the camera; allow more time with camera.read_timeout."),
        )


def check_reachable(url: str, timeout: float) -> None:
    """Connect once, because FFmpeg does not say why it failed. Raises SourceNotFound where the
    address is wrong or nobody listens, SourceTimeout where nothing answers."""
    text = mask_credentials(url)  # never host or port alone: an unescaped password may be there
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORTS[parts.scheme.lower()]
    except ValueError:
        host, port = None, 0
    if not host:
        raise SourceNotFound(
            _("The address is not complete"), text, _("Write it as rtsp://host:port/path.")
        )
    try:
        socket.create_connection((host, port), timeout).close()
    except TimeoutError as error:
        raise SourceTimeout(
            _("The stream does not answer"),
            _("{address}: no connection within {timeout:g} s").format(
                address=text, timeout=timeout
            ),
            _("Check address, network and firewall."),
        ) from error
    except socket.gaierror as error:
        raise SourceNotFound(
            _("There is no such host"),
            _("{address}: the name has no address").format(address=text),
            _("Check the spelling of the address."),
        ) from error
    except OSError as error:
        raise SourceNotFound(
            _("Nobody listens at this address"),
            f"{text}: {error.strerror or 'no connection'}",
            _("Check that the camera is on, and its port."),
        ) from error
