"""Decodes large bodies without the cyclic garbage collector, which looks at what was made so far many times."""

import gc
from collections.abc import Callable
from typing import TypeVar

LARGE = 256 * 1024
"""Bytes of a large body; smaller ones hold too few objects to matter."""
T = TypeVar("T")


def decoded(decode: Callable[[bytes], T], data: bytes) -> T:
    """What `decode`, which must not yield to others, makes of `data`."""
    if len(data) < LARGE or not gc.isenabled():
        return decode(data)
    gc.disable()
    try:
        return decode(data)
    finally:
        gc.enable()
