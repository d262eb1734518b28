"""The memory trimmer: the job that returns freed memory to the system, where the C library is glibc.

By default glibc keeps free blocks between used ones, and large blocks once one of their size was freed.
"""

import ctypes

from analytics.jobs.periodic import Periodic
from analytics.jobs.supervisor import Supervisor

TRIM_SECONDS = 60.0
TRIMMER_STALLED_AFTER = 300.0
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Options of mallopt."""
LARGE_BLOCK = 1024 * 1024
"""Size in bytes from which a block, such as a body, has pages of its own, which are returned when it is freed."""
SPARE = 16 * LARGE_BLOCK
"""Bytes of freed memory that are kept until the job runs: getting pages again takes queries more than computing."""


def make_trimmer(jobs: Supervisor) -> Periodic:
    """The job; large blocks are returned at once from now on."""
    library = ctypes.CDLL(None)
    mallopt, malloc_trim = getattr(library, "mallopt", None), getattr(library, "malloc_trim", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
        mallopt(M_TRIM_THRESHOLD, SPARE)

    def trim() -> None:
        if malloc_trim is not None:
            malloc_trim(0)

    return jobs.periodic("memory trimmer", TRIM_SECONDS, trim, stalled_after=TRIMMER_STALLED_AFTER)
