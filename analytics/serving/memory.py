"""Return of freed memory to the system."""

import ctypes

M_MMAP_THRESHOLD = -3
"""Option of glibc's mallopt."""
LARGE = 1024 * 1024
"""Size in bytes from which a block, such as a body, gets memory of its own that is returned as soon as it is freed."""


def return_large_blocks() -> None:
    """Return each large block when it is freed, where the C library is glibc.

    By default glibc keeps blocks of the size that were freed before, and with them all that lies below in its heap.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE)
