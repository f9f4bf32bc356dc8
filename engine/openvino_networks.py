"""OpenVINO: its one import, and compiled networks that are kept on disk for the next start.

`import openvino` also tries `openvino.tools.ovc`, the converter of foreign models, and that loads
`openvino_telemetry`: it sends events to Google Analytics and keeps an identity in the home
folder. Facedesk builds its graphs itself and needs neither, so both are kept from being imported.

Compiling takes up to seconds. `~/.cache/facedesk/compiled/NAME-KEY.bin` (or under
`$FACEDESK_CACHE`) holds the runtime's own bytes, then their SHA-256; one file a network, and
nothing in it is about a person. All of it may fail harmlessly.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import mmap
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import platformdirs
from numpy.typing import NDArray

from engine.contract.errors import FacedeskError
from engine.shortage import NETWORK, OPENVINO, need_room, refuse_shortage
from engine.workspace.files import write_plain

UNWANTED = ("openvino.tools.ovc", "openvino_telemetry")
EVERY = 0.005
"""Seconds between two releases while something reads the bytes once, from end to end."""
_DIGEST = hashlib.sha256().digest_size
_PIECE = 1 << 18

log = logging.getLogger(__name__)
_lock = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A compiled network, and the file that its constants are read from, if it needs one."""

    compiled: Any
    constants: Mapped | None = None


def compiled(name: str, key: str, build: Callable[[], Any], **options: Any) -> Network:
    """The network `name`: the one kept on disk, else built now and kept.

    `key` changes with whatever `build` depends on; version, processor and `options`, which are
    those of OpenVINO's compile_model, are looked after here. `build` gives an openvino.Model, or
    the file of one. Raises ImportError where OpenVINO is not installed, RuntimeError where it
    cannot compile, OutOfMemory.
    """
    ov = openvino()
    need_room(name, NETWORK)
    core = _core()
    machine = core.get_property("CPU", "FULL_DEVICE_NAME")
    able = " ".join(sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")))
    key = f"{key} {sorted(options.items())} {ov.get_version()} {machine} {able}"

    def from_disk() -> Network | None:
        """The kept network. The plugin packs its constants for the processor, and the file's
        own are hardly looked at again: VGG16's 120 MB would be in memory twice.
        """
        found = kept(name, key)
        if found is None:
            return None
        try:
            with found.released_meanwhile():
                read = core.import_model(ov.Tensor(found.bytes, shared_memory=True), "CPU", options)
            return Network(read, found)
        except RuntimeError as error:
            refuse_shortage(error)  # the file may be sound
            log.info("the kept network is of no use: %s", error)
            forget(name, key)
            return None

    found = from_disk()
    if found is not None:
        return found
    built = core.compile_model(build(), "CPU", options)
    exported = built.export_model()
    data = exported if isinstance(exported, bytes) else exported.getvalue()
    # What was built holds the graph's own weights too, 80 MB of VGG16's more than what is read.
    del built, exported
    keep(name, key, data)
    return from_disk() or Network(core.import_model(data, "CPU", options))


@cache
def _core() -> Any:
    """The runtime, once a process: each has threads and memory of its own."""
    return openvino().Core()


def sources_digest(*files: str) -> str:
    """Changes with these modules of ours, so that no network of an older graph is used.

    A number to be counted up by hand was forgotten at once.
    """
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()


def openvino() -> Any:
    """The module `openvino`. Raises ImportError where it, or a library it needs, is not there,
    OutOfMemory."""
    if "openvino" not in sys.modules:
        need_room("OpenVINO", OPENVINO)
    with _lock:
        # None in sys.modules makes an import fail, and OpenVINO goes on without these two.
        barred = [name for name in UNWANTED if name not in sys.modules]
        sys.modules.update(dict.fromkeys(barred))  # type: ignore[arg-type]
        try:
            import openvino as module
        finally:
            for name in barred:
                del sys.modules[name]
    return module


class Mapped:
    """The first `length` bytes of an open file as an array, read from the disk as they are used.

    `length` is more than 0. What writes into the array changes this process's copy only. The file
    itself may be closed, replaced or deleted meanwhile, but not cut short.
    """

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._map = mmap.mmap(file.fileno(), length, access=mmap.ACCESS_COPY)
        self.bytes: NDArray[np.uint8] = np.frombuffer(self._map, np.uint8)

    def release(self) -> None:
        """Give back the memory of what was read, and drop what was written into it. Bytes that are
        needed again are read again."""
        self._map.madvise(mmap.MADV_DONTNEED)

    @contextlib.contextmanager
    def released_meanwhile(self) -> Iterator[None]:
        """`release` again and again while the body runs: for code that copies all of the bytes,
        which would be in memory twice at its end.
        """
        over = threading.Event()

        def release() -> None:
            while not over.wait(EVERY):
                self.release()

        thread = threading.Thread(target=release, name="release", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self.release()


def cache_folder() -> Path:
    """Where compiled networks are kept; it need not exist."""
    named = os.environ.get("FACEDESK_CACHE")
    root = Path(named) if named else platformdirs.user_cache_path("facedesk")
    return root / "compiled"


def kept(name: str, key: str) -> Mapped | None:
    """What was kept; None if nothing was, it is damaged, or another user's file."""
    try:
        with _file(name, key).open("rb") as file:
            found = os.fstat(file.fileno())
            # The bytes go into native code: whoever may write them must be this user.
            if found.st_uid != os.getuid():
                return None
            length = found.st_size - _DIGEST
            if length <= 0 or _digest(file, length) != file.read():
                return None
            return Mapped(file, length)
    except OSError:
        return None


def keep(name: str, key: str, data: bytes) -> None:
    """Keep `data`, and drop what `name` had under other keys. A disk may refuse."""
    file = _file(name, key)
    try:
        write_plain(file, data + hashlib.sha256(data).digest())
    except (FacedeskError, OSError) as error:
        log.info("the compiled network is not kept: %s", error)
        return
    for other in file.parent.glob(f"{name}-*.bin"):
        if other != file:
            with contextlib.suppress(OSError):
                other.unlink()


def forget(name: str, key: str) -> None:
    """Remove what `name` was kept as under `key`."""
    with contextlib.suppress(OSError):
        _file(name, key).unlink(missing_ok=True)


def _digest(file: BinaryIO, length: int) -> bytes:
    """SHA-256 of the next `length` bytes, read piece by piece: the whole would take memory."""
    digest = hashlib.sha256()
    while length > 0 and (piece := file.read(min(length, _PIECE))):
        digest.update(piece)
        length -= len(piece)
    return digest.digest()


def _file(name: str, key: str) -> Path:
    return cache_folder() / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:32]}.bin"
