"""DiskRoom on the disk: how much the files may take, and when it is almost full."""

import shutil
from pathlib import Path
from typing import NamedTuple

GIB = 1024**3
LOW_SHARE, LOW_BYTES = 0.05, 1 * GIB
"""A disk is almost full below this share of it or so many bytes, whichever is less."""
WARN_TIMES = 3
"""A warning comes below so many times that."""
DEFAULT_SHARE, DEFAULT_BYTES = 0.25, 20 * 10**9


class DiskRoom(NamedTuple):
    """Bytes of the disk in all, and free ones."""

    total: int
    free: int

    @property
    def low(self) -> int:
        """Free bytes below which the disk is almost full."""
        return min(int(self.total * LOW_SHARE), LOW_BYTES)

    @property
    def is_low(self) -> bool:
        """Whether the disk is almost full."""
        return self.free < self.low

    @property
    def is_near(self) -> bool:
        """Whether it will be soon."""
        return self.free < WARN_TIMES * self.low


def room(folder: Path) -> DiskRoom:
    """The room on the disk of a folder."""
    usage = shutil.disk_usage(folder)
    return DiskRoom(usage.total, usage.free)


def byte_limit(setting: int, found: DiskRoom) -> int:
    """How many bytes all files may have, by the setting, or a default share of the disk."""
    return setting or min(int(found.total * DEFAULT_SHARE), DEFAULT_BYTES)
