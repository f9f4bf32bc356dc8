from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text import mask_credentials


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("rtsp://admin:hunter2@cam.local:554/live", "rtsp://***@cam.local:554/live"),
        ("rtsp://admin@cam.local/live", "rtsp://***@cam.local/live"),
        ("http://u:p@ss/w@cam/x", "http://***@cam/x"),
        ("rtsp://u:two words@cam/x", "rtsp://***@cam/x"),
        ("http://cam/x?password=hunter2&size=3", "http://cam/x?password=***&size=3"),
        ("http://cam/x?size=3&TOKEN=abc", "http://cam/x?size=3&TOKEN=***"),
        ("rts\0://u:p@cam/x", "rts\0://***@cam/x"),
        ("cannot open rtsp://a:b@cam/x now", "cannot open rtsp://***@cam/x now"),
        ("rtsp://u:p%40ss%3A@cam/x", "rtsp://***@cam/x"),
        ("rtsp://u:p@ss:w@[2001:db8::1]:554/x", "rtsp://***@[2001:db8::1]:554/x"),
        ("http://cam/x?loginuse=admin&loginpas=b", "http://cam/x?loginuse=***&loginpas=***"),
        ("http://cam/x?X-Amz-Signature=b&w=3", "http://cam/x?X-Amz-Signature=***&w=3"),
        ("http://cam/x#access_token=b", "http://cam/x#access_token=***"),
        (
            "rtsp://cam/user=admin&password=b&channel=1",
            "rtsp://cam/user=***&password=***&channel=1",
        ),
    ],
)
def test_credentials_do_not_show(given_text: str, shown: str) -> None:
    assert mask_credentials(given_text) == shown


@pytest.mark.parametrize(
    "text",
    ["0", "/dev/video0", "clips/a@b.mp4", "rtsp://cam:554/live", "demo:collins?seed=3", "a?key=3"],
)
def test_a_text_without_credentials_stays_as_it_is(text: str) -> None:
    assert mask_credentials(text) == text


@given(password=st.text(min_size=1).map(lambda text: "Zq9" + text))
def test_no_password_of_any_characters_survives(password: str) -> None:
    assert "Zq9" not in mask_credentials(f"rtsp://admin:{password}@camera/live")
