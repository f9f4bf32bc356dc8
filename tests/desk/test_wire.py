"""Messages cross the process border as JSON and raw bytes, and nothing else is accepted."""

from __future__ import annotations

import json
import math
import socket
import struct
import threading
from dataclasses import fields

import pytest

from engine.contract import EpochDone, JobEnded, Preview, SplitDone, Warned
from engine.contract.errors import SourceUnreadable
from engine.contract.messages import FacesFound, Start
from engine.contract.requests import EnrolRequest
from engine.desk.wire import LONGEST_HEADER, REGISTRY, Channel, WireError, decode, encode


@pytest.fixture
def channels() -> tuple[Channel, Channel]:
    ours, theirs = socket.socketpair()
    return Channel(ours), Channel(theirs)


def test_an_event_arrives_as_it_was_sent(channels: tuple[Channel, Channel]) -> None:
    event = JobEnded(job="enrol", outcome="failed", title="Café ☕", message="x", exit_code=3)
    channels[0].send(event)
    assert channels[1].receive() == event


def test_tuples_and_mappings_keep_their_kind(channels: tuple[Channel, Channel]) -> None:
    event = SplitDone(
        train=1,
        validation=2,
        test=3,
        people={"Ada": {"train": 1}},
        warnings=(Warned("no_pictures", "Ada"), Warned("random_split")),
        mode="blocks",
        seed=1,
        shares=(0.7, 0.15, 0.15),
    )
    channels[0].send(event)
    assert channels[1].receive() == event


def test_a_missing_loss_arrives_as_not_a_number(channels: tuple[Channel, Channel]) -> None:
    channels[0].send(
        EpochDone(
            epoch=1,
            epochs=2,
            loss=0.5,
            accuracy=0.5,
            val_loss=math.nan,
            val_accuracy=math.nan,
            learning_rate=0.1,
            seconds=0.1,
            best=1,
        )
    )
    received = channels[1].receive()
    assert isinstance(received, EpochDone)
    assert math.isnan(received.val_loss)


def test_pictures_travel_as_raw_bytes_outside_the_header() -> None:
    pixels = bytes(range(256)) * 3
    preview = Preview(columns=16, rows=16, cells=pixels, sequence=1, dropped=0)
    data = encode(preview)
    assert pixels in data
    assert len(data) < len(pixels) + 200


def test_a_request_inside_a_message_keeps_its_class(channels: tuple[Channel, Channel]) -> None:
    message = Start(job="enrol", request=EnrolRequest(person="Ada", source="0", count=3))
    channels[0].send(message)
    assert channels[1].receive() == message


def test_a_large_frame_arrives_whole(channels: tuple[Channel, Channel]) -> None:
    crops = bytes(8 * 160 * 160 * 3)
    boxes = tuple((i, i, 10, 10) for i in range(8))
    frame = FacesFound(
        source="0", frame=1, seconds=0.1, boxes=boxes, crops=crops, dropped=0, lossy=True
    )
    sender = threading.Thread(target=channels[0].send, args=(frame,))
    sender.start()
    assert channels[1].receive() == frame
    sender.join()


def test_a_closed_connection_reads_as_none(channels: tuple[Channel, Channel]) -> None:
    channels[0].close()
    assert channels[1].receive() is None


@pytest.mark.parametrize(
    "header",
    [
        b"not json",
        b"[]",
        b'{"type": "os.system"}',
        json.dumps({"type": "JobEnded", "nonsense": 1}).encode(),
        json.dumps({"type": "JobEnded"}).encode(),
    ],
)
def test_what_is_no_message_of_ours_is_refused(header: bytes) -> None:
    with pytest.raises(WireError):
        decode(header, b"")


def test_an_oversized_length_is_refused_before_reading() -> None:
    ours, theirs = socket.socketpair()
    ours.sendall(struct.pack("!II", LONGEST_HEADER + 1, 0))
    with pytest.raises(WireError):
        Channel(theirs).receive()


def test_no_message_shows_bytes_when_it_is_printed() -> None:
    """Pictures and keys must not get into a log by a message that is noted there."""
    shown = {
        f"{kind.__name__}.{item.name}"
        for kind in REGISTRY.values()
        for item in fields(kind)
        if item.type in ("bytes", bytes) and item.repr
    }
    assert shown == set()


def test_a_header_nested_beyond_measure_is_a_wire_error() -> None:
    with pytest.raises(WireError):
        decode(b"[" * 100_000, b"")


def test_the_error_of_a_failed_job_is_of_its_own_class_again(
    channels: tuple[Channel, Channel],
) -> None:
    met = SourceUnreadable("No video", "clip.mp4", "Try another.")
    channels[0].send(JobEnded.failure("recognise", met))
    error = channels[1].receive().error()
    assert type(error) is SourceUnreadable
    assert (str(error), error.hint, error.exit_code) == ("No video: clip.mp4", "Try another.", 3)
