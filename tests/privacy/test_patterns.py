"""The time that patterns take grows with the length of a text, whatever the text is."""

import time

import pytest

from analytics.privacy.patterns import PATTERNS, replaced

UNITS = (
    "eyJ-",
    "eyJaaaaa-",
    "eyJaaaaa.",
    "eyJaaaaa.aaaaa-",
    "Bearer ",
    "Bearer aaaaaaa ",
    "ghp_",
    "ghp_-ak_-",
    "a",
    "a-",
    "a.",
    "a@",
    "a@b.",
    "@a.b.c.d.e.f.g.h.i.",
    "4",
    "4444 ",
    "4444-4444 ",
    "4444 4444 4444 4444 4444 4444 5",
    "4111111111111112 ",
)
SMALL, FACTOR = 4 * 1024, 16
LARGE = 1024 * 1024
SLACK = 5
"""How many times longer than linear a text may take; quadratic time is `FACTOR` times longer, or 256 times."""


def seconds(kind: str, unit: str, size: int) -> float:
    """CPU time for a text of `unit`s, the least of some attempts."""
    text, found = unit * (size // len(unit)), []
    for _ in range(3):
        started = time.thread_time()
        replaced(text, PATTERNS[kind], lambda _: "*")
        found.append(time.thread_time() - started)
    return min(found)


@pytest.mark.parametrize("kind", PATTERNS)
@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_with_the_length(kind: str, unit: str) -> None:
    small = seconds(kind, unit, SMALL)
    assert seconds(kind, unit, FACTOR * SMALL) < SLACK * FACTOR * small + 0.01
    assert seconds(kind, unit, LARGE) < SLACK * (LARGE // SMALL) * small + 0.1
