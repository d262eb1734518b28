"""Rule for every decoder: any bytes are decoded, or refused by a documented error, in little time and memory."""

import resource
import time
import traceback
from collections.abc import Callable, Sequence
from typing import NamedTuple

CPU_SECONDS = 1.0
GROWTH_KIB = 64 * 1024
"""Limits for one input."""
TOKENS = (b"\0", b"\xff", b'"', b"\\", b"{", b"[", b"]}", b",", b":", b"%", b"\r\n", b"\xc3\xa9", b"9" * 30, b"1e999")
"""What is put into inputs besides random bytes."""


class Decoder(NamedTuple):
    """A decoder of the service.

    Attributes:
        errors: the exceptions that it documents; any other is a fault.
        seeds: inputs from which others are made.
        size: greatest length of an input in bytes.
    """

    name: str
    decode: Callable[[bytes], object]
    errors: tuple[type[Exception], ...]
    seeds: Sequence[bytes]
    size: int = 4096


class Fault(NamedTuple):
    """What a decoder did wrong: where, which tells faults apart, and the details."""

    place: str
    details: str


def fault(decoder: Decoder, data: bytes, *, is_timed: bool = False) -> Fault | None:
    """Decode one input; returns the fault, or None.

    Args:
        is_timed: whether CPU time is limited, too.
    """
    memory, seconds = _peak_kib(), time.thread_time()
    try:
        decoder.decode(data)
    except decoder.errors:
        pass
    except Exception as error:  # noqa: BLE001  # any other is a fault
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} at {frame.filename}:{frame.lineno}"
        return Fault(place, "".join(traceback.format_exception(error)))
    seconds = time.thread_time() - seconds
    if is_timed and seconds > CPU_SECONDS:
        return Fault("time", f"took {seconds:.1f} s")
    growth = _peak_kib() - memory
    return Fault("memory", f"took {growth} KiB") if growth > GROWTH_KIB else None


def _peak_kib() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
