"""Too little memory, known as such whoever reports it, and never as a damaged file or package.

Each library says it in its own way, and most as an error of another kind: one place knows them.
What a process may have at all is another matter: `engine.desk.vitals`.
"""

from __future__ import annotations

import errno
import mmap
import re
import resource
from collections.abc import Iterator
from pathlib import Path

from engine.contract.errors import OutOfMemory

OPENVINO = 400_000_000
TENSORFLOW = 1_200_000_000
"""Bytes of address space that a library takes at least when it is loaded."""
NETWORK = 300_000_000
"""The same of a network that is compiled, or read compiled, and of its threads."""

_SAID = re.compile(
    r"bad_alloc|cannot allocate memory|can't alloc|failed to allocate|unable to allocate"
    r"|failed to map segment|out of memory|insufficient memory|can't start new thread"
    r"|OOM when allocating|ResourceExhausted",
    re.IGNORECASE,
)
"""How the loader, OpenCV, OpenVINO, TensorFlow and Pillow say it."""
_SIZE = re.compile(r"^VmSize:\s+(\d+) kB", re.M)


def shortage(error: BaseException) -> OutOfMemory | None:
    """The error to tell instead, if memory was lacking behind `error` or what caused it."""
    for each in _chain(error):
        if isinstance(each, OutOfMemory):
            return each
        if _is_shortage(each):
            return _out_of_memory(str(each).strip().splitlines()[-1] if str(each).strip() else "")
    return None


def refuse_shortage(error: BaseException, what: str = "", needed: int = 0) -> None:
    """Raise OutOfMemory if `error` comes from a lack of memory; else return.

    For whoever takes errors of all kinds for damage, or for a missing package. A damaged file may
    ask for any amount: where it is known how many bytes `what` needs if it is sound, give both,
    and memory counts as lacking only if so much is refused.
    """
    found = shortage(error)
    if found is None or (needed and not lacking(needed)):
        return
    if needed:
        found = _out_of_memory(f"{what} needs {needed / 1e6:.0f} MB")
    raise found from error


def lacking(size: int) -> bool:
    """Whether the system refuses this process so many bytes now. None of them is touched."""
    try:
        mmap.mmap(-1, size).close()
    except (OSError, MemoryError):
        return True
    return False


def need_room(what: str, needed: int) -> None:
    """Raise OutOfMemory if the process's limit (`ulimit -v`) leaves too little to load `what`.

    Native code that is refused memory while it loads may end the whole process.
    """
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return
    left = max(0, limit - _size())
    if left < needed:
        needs, rest = f"{needed / 1e6:.0f} MB", f"{left / 1e6:.0f} MB"
        raise _out_of_memory(f"loading {what} needs {needs}, and {rest} are left")


def _out_of_memory(what: str) -> OutOfMemory:
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    hint = "Nothing kept is lost. Close other programs, or give this one more memory."
    if limit != resource.RLIM_INFINITY:
        hint = (
            f"Nothing kept is lost. This process may have {limit / 1e6:.0f} MB: raise `ulimit -v`."
        )
    return OutOfMemory("There is too little memory", what, hint)


def _is_shortage(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno == errno.ENOMEM
    if type(error).__name__ == "ResourceExhaustedError":
        return True
    foreign = isinstance(error, ImportError | RuntimeError | OSError | SystemError)
    # OpenCV's error is an Exception of its own; this module loads none of these libraries.
    return (foreign or type(error).__module__ == "cv2") and bool(_SAID.search(str(error)))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, as a traceback would tell them."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


def _size() -> int:
    """Bytes of address space that this process has."""
    try:
        found = _SIZE.search(Path("/proc/self/status").read_text("utf-8", "replace"))
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0
