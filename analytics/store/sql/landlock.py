"""Landlock: a thread and all that it starts give up access to files and the network, for good.

Linux 5.13 and newer have it (landlock(7)); elsewhere `confine` returns False and nothing changes.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Numbers of the system calls, the same on all architectures with Landlock but Alpha."""
GET_VERSION = 1
RULE_PATH_BENEATH = 1
SET_NO_NEW_PRIVS = 38
"""The option of prctl(2)."""
READ_FILE = 1 << 2
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights to files, by the version of Landlock from which on they can be taken away."""
NETWORK_RIGHTS = 0b11
"""To bind and to connect TCP sockets, since version 4."""


def confine(readable: Iterable[Path]) -> bool:
    """Let the calling thread, and those that it starts later, only read the files at `readable`.

    Files that are open stay usable. Returns whether the kernel has Landlock.

    Raises:
        OSError: the kernel has it, but refused the rules.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(GET_VERSION))
    if version < 1:
        return False
    handled = max(rights for since, rights in FILE_RIGHTS.items() if since <= version)
    rules = struct.pack("=QQ", handled, NETWORK_RIGHTS) if version >= 4 else struct.pack("=Q", handled)
    ruleset = _checked(libc.syscall(CREATE_RULESET, rules, ctypes.c_size_t(len(rules)), ctypes.c_uint32(0)))
    try:
        for path in readable:
            _allow(libc, ruleset, path)
        _checked(libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(libc.syscall(RESTRICT_SELF, ruleset, ctypes.c_uint32(0)))
    finally:
        os.close(ruleset)
    return True


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path) -> None:
    file = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", READ_FILE, file)
        _checked(libc.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, ctypes.c_uint32(0)))
    finally:
        os.close(file)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
