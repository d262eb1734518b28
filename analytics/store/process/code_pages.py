"""Pages of code: those of a library that is not used for a while leave the memory of the process.

The system keeps them as long as it has room, and maps them again when the code runs: that takes some milliseconds.
"""

import ctypes
from pathlib import Path

MADV_DONTNEED = 4
MAPS = Path("/proc/self/maps")


def release_code(library: str) -> int:
    """Release the pages with code of a loaded library, by a part of its file name; returns their bytes.

    Only executable pages are: they are never written, so that all of them are in the file. Only Linux can do it.
    """
    if not MAPS.exists():
        return 0
    libc, released = ctypes.CDLL(None), 0
    for line in MAPS.read_text().splitlines():
        place, modes, *_, path = line.split(maxsplit=5)
        if modes == "r-xp" and library in Path(path).name:
            start, end = (int(each, 16) for each in place.split("-"))
            if libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), MADV_DONTNEED) == 0:
                released += end - start
    return released
