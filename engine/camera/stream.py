"""Network streams: MJPEG over HTTP read here, RTSP and films by FFmpeg; all with deadlines."""

from __future__ import annotations

import http.client
import math
import time
from urllib.parse import urlsplit

from engine.camera.ffmpeg import HTTP, RTSP, opened
from engine.camera.frame import USUAL_FPS, Frame, SourceInfo
from engine.camera.http_get import Answer, get, trouble
from engine.camera.kinds import split_address
from engine.camera.masking import mask_credentials
from engine.camera.mjpeg import MjpegSource
from engine.camera.quiet import cv2
from engine.camera.rtsp_ask import ask
from engine.errors import SourceError, SourceTimeout, SourceUnreadable
from engine.i18n import _
from engine.settings import CameraSettings


def open_stream(url: str, settings: CameraSettings) -> MjpegSource | StreamSource:
    """A stream by URL. Raises as `split_address`, `http_get.get`, MjpegSource, StreamSource do."""
    if split_address(url).scheme.lower() in ("http", "https"):
        answer = get(url, settings.open_timeout, clear=settings.basic_login)
        if _is_mjpeg(answer, settings.open_timeout):
            return MjpegSource(answer, settings)
        answer.close()
    else:
        ask(url, settings.open_timeout, clear=settings.basic_login)
    return StreamSource(url, settings)


def _is_mjpeg(answer: Answer, seconds: float) -> bool:
    """Whether it is read here, whatever it calls itself. Raises as `refuse_what_is_no_stream`
    and `http_get.get` do; the answer is closed then."""
    if answer.kind.startswith("multipart/"):
        return True
    try:
        refuse_what_is_no_stream(answer)
        return answer.begins_with(b"\xff\xd8\xff", b"--", b"\r\n--")
    except SourceError:
        answer.close()
        raise
    except (OSError, http.client.HTTPException) as error:
        answer.close()
        raise trouble(answer.text, error, seconds) from error


def refuse_what_is_no_stream(answer: Answer) -> None:
    """Raise SourceUnreadable for a page, a single picture or a list of other addresses."""
    if answer.kind.startswith("image/"):
        raise SourceUnreadable(
            _("This address gives single pictures, no stream"),
            answer.text,
            _("Look up the address of the camera's stream (MJPEG or RTSP) in its manual."),
        )
    if "mpegurl" in answer.kind or answer.kind == "application/dash+xml":
        raise SourceUnreadable(
            _("This address gives a playlist, which names other addresses"),
            answer.text,
            _("Give the stream's own address (MJPEG, RTSP or a film)."),
        )
    if answer.kind.startswith("text/") or answer.kind in ("application/json", "application/xml"):
        raise SourceUnreadable(
            _("The stream cannot be played"),
            _("{address} answers with {kind}, but not with pictures").format(
                address=answer.text, kind=answer.kind[:40]
            ),
            _("Check path, user name and password; try the address in a video player."),
        )


class StreamSource:
    """A stream that FFmpeg reads. Opening takes its first picture.

    Raises SourceNotFound (no such host, nobody listens), SourceTimeout, SourceUnreadable.
    `info.live` is False for a finite file that is served over HTTP.
    """

    def __init__(self, url: str, settings: CameraSettings) -> None:
        self._text = mask_credentials(url)
        self._read_timeout = settings.read_timeout
        begun = time.monotonic()
        limits = [
            (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, settings.open_timeout),
            (cv2.CAP_PROP_READ_TIMEOUT_MSEC, settings.read_timeout),
        ]
        flat = [number for key, limit in limits for number in (key, math.ceil(limit * 1000))]
        over_http = urlsplit(url).scheme.lower() in ("http", "https")
        protocols = HTTP if over_http else RTSP
        self._film = opened(url, protocols, self._text, settings.picture_shape, flat)
        self._first = self._film.picture() if self._film.open else None
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
        height, width = self._first.shape[:2]
        self._info = SourceInfo(
            text=self._text,
            kind="stream",
            live=self._film.frames is None,
            width=width,
            height=height,
            fps=self._film.fps,
            frames=self._film.frames,
            detail=f"{urlsplit(url).scheme} {self._film.size(self._first)}",
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
            image = self._film.picture()
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
        self._film.close()

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
