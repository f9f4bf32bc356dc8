"""On PYTHONPATH of the processes that end-to-end tests start: forbids the network, for real.

Python's own attempts (a socket of the internet's families, a name to look up) are recorded in the
file that $FORBIDDEN_NETWORK names, and refused. Native libraries do not pass there: for them, and
for everything started from here, the kernel kills a process that asks for such a socket.
"""

import ctypes
import os
import platform
import socket
import struct
import sys
import traceback

INTERNET = (socket.AF_INET, socket.AF_INET6)
SYSTEM_CALL = {"x86_64": (41, 0xC000003E), "aarch64": (198, 0xC00000B7)}
"""Number of socket(2), and the kernel's word for the architecture."""
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2
ALLOW, KILL = 0x7FFF0000, 0x80000000
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06


def forbid_in_python(record: str) -> None:
    def hook(event: str, arguments: tuple) -> None:
        if event == "socket.__new__":
            asked = arguments[1] in INTERNET
        else:
            asked = event in ("socket.getaddrinfo", "socket.gethostbyname")
        if asked:
            with open(record, "a") as file:
                file.write(f"{sys.orig_argv} {event} {arguments[1:]}\n")
                file.write("".join(traceback.format_stack(limit=12)))
            raise PermissionError(f"no network in this test: {event}")

    sys.addaudithook(hook)


def forbid_in_the_kernel() -> None:
    number, architecture = SYSTEM_CALL[platform.machine()]
    program = [
        (LOAD, 0, 0, 4),
        (EQUAL, 0, 5, architecture),  # of another architecture: not ours to judge
        (LOAD, 0, 0, 0),
        (EQUAL, 0, 3, number),
        (LOAD, 0, 0, 16),  # the first argument: the family
        (EQUAL, 2, 0, int(socket.AF_INET)),
        (EQUAL, 1, 0, int(socket.AF_INET6)),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, KILL),
    ]
    code = b"".join(struct.pack("HBBI", *each) for each in program)
    kept = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("HxxxxxxP", len(program), ctypes.addressof(kept))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, FILTER, head, 0, 0)):
        if libc.prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), "the kernel does not forbid the network")


if os.environ.get("FORBIDDEN_NETWORK"):
    forbid_in_python(os.environ["FORBIDDEN_NETWORK"])
    forbid_in_the_kernel()
