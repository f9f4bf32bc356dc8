from __future__ import annotations

import collections
import socket
from typing import Any

import pytest

from engine.camera.open import open_source
from engine.contract.errors import SourceNotFound, SourceTimeout, SourceUnreadable
from engine.settings import CameraSettings

SETTINGS = CameraSettings(open_timeout=20, read_timeout=20)


def test_a_network_camera_delivers_its_pictures(network_camera: Any) -> None:
    source = open_source(network_camera.url, SETTINGS)
    frames = [source.read() for _ in range(5)]
    source.close()
    assert (source.info.kind, source.info.live) == ("stream", True)
    assert (source.info.width, source.info.height) == (64, 48)
    assert [f.sequence for f in frames if f] == [0, 1, 2, 3, 4]
    assert [f.image.mean() for f in frames if f] == pytest.approx([40, 41, 42, 43, 44], abs=1.5)


def test_credentials_reach_the_camera_but_no_text(network_camera: Any) -> None:
    source = open_source(network_camera.url_with_password("hunter2"), SETTINGS)
    frame = source.read()
    source.close()
    assert frame is not None
    assert network_camera.authorization[-1].startswith("Basic ")
    assert "hunter2" not in repr(source.info) + frame.label
    assert source.info.text.startswith("http://***@127.0.0.1:")


def test_a_camera_that_falls_silent_is_a_timeout(network_camera: Any) -> None:
    source = open_source(network_camera.url, CameraSettings(open_timeout=20, read_timeout=1))
    network_camera.stalled.set()
    with pytest.raises(SourceTimeout, match="sent no picture"):
        collections.deque(iter(source.read, None), maxlen=0)
    source.close()


def test_a_camera_that_is_unplugged_breaks_off(network_camera: Any) -> None:
    source = open_source(network_camera.url, SETTINGS)
    network_camera.stop()
    with pytest.raises(SourceUnreadable, match="broke off"):
        collections.deque(iter(source.read, None), maxlen=0)
    source.close()


def test_a_camera_that_never_sends_is_a_timeout_of_opening(network_camera: Any) -> None:
    network_camera.stalled.set()
    with pytest.raises(SourceTimeout):
        open_source(network_camera.url, CameraSettings(open_timeout=1, read_timeout=1))


def test_a_web_page_is_no_stream(network_camera: Any) -> None:
    with pytest.raises(SourceUnreadable, match="not with pictures"):
        open_source(network_camera.url.replace("/live", "/page"), SETTINGS)


def test_a_port_where_nobody_listens_is_not_found() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        address = f"rtsp://operator:hunter2@127.0.0.1:{taken.getsockname()[1]}/live"
        with pytest.raises(SourceNotFound, match="Nobody listens") as caught:
            open_source(address, SETTINGS)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["rtsp://", "http:///live", "rtsp://user:pa/ss@host/live"])
def test_an_incomplete_address_is_refused(text: str) -> None:
    with pytest.raises(SourceNotFound) as caught:
        open_source(text, SETTINGS)
    assert "pa/ss" not in str(caught.value)
    assert caught.value.hint
