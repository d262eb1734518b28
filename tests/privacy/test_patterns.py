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


ATTEMPTS = 3
"""How often a text is tried, on a machine that has other work."""


def text_of(unit: str, size: int) -> str:
    return unit * (size // len(unit))


def seconds(kind: str, text: str) -> float:
    """CPU time for a text."""
    started = time.thread_time()
    replaced(text, PATTERNS[kind], lambda _: "*")
    return time.thread_time() - started


@pytest.mark.parametrize("kind", PATTERNS)
@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_with_the_length(kind: str, unit: str) -> None:
    small = min(seconds(kind, text_of(unit, SMALL)) for _ in range(ATTEMPTS))
    for size, slack in ((FACTOR * SMALL, 0.01), (LARGE, 0.1)):
        text, most = text_of(unit, size), SLACK * (size // SMALL) * small + slack
        assert any(seconds(kind, text) < most for _ in range(ATTEMPTS)), (size, most)
