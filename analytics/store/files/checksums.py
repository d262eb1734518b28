"""Checksums of whole files."""

import zlib
from pathlib import Path

CRC_BYTES = 1024 * 1024


def crc_of(path: Path) -> int:
    """The CRC-32 of a file.

    Raises:
        OSError: it cannot be read.
    """
    crc = 0
    with path.open("rb") as file:
        while block := file.read(CRC_BYTES):
            crc = zlib.crc32(block, crc)
    return crc
