"""Log lines from the parts that doors read."""

from analytics.doors.records.attributes import Count, cut_text

LONGEST_BODY = 64 * 1024
"""Bytes of the body of a line; longer ones are cut."""
BODY_CUT = "log_line_cut"
"""Reason of bodies that were cut."""
LAST_TIME = 2**63 - 1
"""The last time that is kept, in nanoseconds."""


def limited_body(text: str, dropped: Count) -> str:
    """The text of a line, cut at a character to the limit; that is counted."""
    if 4 * len(text) <= LONGEST_BODY:
        return text
    cut = cut_text(text, LONGEST_BODY)
    if cut != text:
        dropped(BODY_CUT, 1)
    return cut


def time_within(nanoseconds: int) -> int:
    """A time that fits 64 bits: beyond them, it is refused or of no use anyway."""
    return nanoseconds if 0 <= nanoseconds <= LAST_TIME else min(max(nanoseconds, 0), LAST_TIME)
