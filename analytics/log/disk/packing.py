"""Compression of bodies in the database: smaller writes are faster."""

from lz4 import block

WORTH_BYTES = 1024
"""Shorter bodies are stored as they are."""
UNCOMPRESSED, LZ4 = b"\0", b"\1"
"""The first byte of a stored body: how it is stored."""
SIZE_BYTES = 4
"""Bytes in front of a compressed body that say how long it was."""
MAX_RATIO = 255
"""How many times longer than its compressed form a body can be."""


def packed(body: bytes | bytearray) -> bytes:
    """A body in its stored form: a byte that names the form, then the body, compressed if it is long."""
    if len(body) < WORTH_BYTES:
        return UNCOMPRESSED + body
    return LZ4 + bytes(block.compress(body))


def unpacked(stored: bytes) -> bytes:
    """The body of a stored form.

    Raises:
        ValueError: `stored` is damaged.
    """
    form, data = stored[:1], memoryview(stored)[1:]
    if form == UNCOMPRESSED:
        return bytes(data)
    if form == LZ4:
        if int.from_bytes(data[:SIZE_BYTES], "little") > MAX_RATIO * len(data):  # memory for so much would be reserved
            raise ValueError("a body is not as long as it says")
        try:
            return bytes(block.decompress(data))
        except block.LZ4BlockError as error:
            raise ValueError(str(error)) from error
    raise ValueError("a body has an unknown form")
