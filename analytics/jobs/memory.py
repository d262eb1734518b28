"""The memory trimmer: the job that returns freed memory to the system, where the C library is glibc.

By default glibc keeps free blocks between used ones, and large blocks once one of their size was freed.
"""

import ctypes

from analytics.jobs.periodic import Periodic
from analytics.jobs.supervisor import Supervisor

TRIM_SECONDS = 60.0
TRIMMER_STALLED_AFTER = 300.0
M_MMAP_THRESHOLD = -3
"""Option of mallopt."""
LARGE_BLOCK = 1024 * 1024
"""Size in bytes from which a block, such as a body, has pages of its own, which are returned when it is freed."""


def make_trimmer(jobs: Supervisor) -> Periodic:
    """The job; large blocks are returned at once from now on."""
    library = ctypes.CDLL(None)
    mallopt, malloc_trim = getattr(library, "mallopt", None), getattr(library, "malloc_trim", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)

    def trim() -> None:
        if malloc_trim is not None:
            malloc_trim(0)

    return jobs.periodic("memory trimmer", TRIM_SECONDS, trim, stalled_after=TRIMMER_STALLED_AFTER)
