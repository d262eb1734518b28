"""Blocks: a ring that is stored in parts and restored from them has the same records under the same numbers."""

from hypothesis import given
from hypothesis import strategies as st

from analytics.kinds import METRICS
from analytics.log.disk.blocks import Blocks
from analytics.records import Kept, NewMetric
from analytics.state.rings import BLOCK, Ring


def rows(ring: Ring[NewMetric]) -> list[tuple[int, float, float]]:
    return [(number, kept.received, kept.records[place].value) for number, kept, place in ring.newest_first()]


@given(
    st.lists(st.tuples(st.integers(0, 3 * BLOCK), st.integers(0, 2 * BLOCK)), max_size=12),
    st.integers(1, 5 * BLOCK),
    st.integers(1, 5 * BLOCK),
)
def test_records_keep_their_numbers_also_where_some_were_skipped(
    steps: list[tuple[int, int]], capacity: int, later_capacity: int
) -> None:
    ring: Ring[NewMetric] = Ring(capacity)
    for at, (skipped, count) in enumerate(steps):
        if skipped:
            ring.skip_to(ring.last_sequence + skipped)
        if count:
            ring.add(Kept([NewMetric("n", value) for value in range(count)], at, "", "run-"))
    parts = list(Blocks("metrics", ring, METRICS).dump(ring.dirty.take()))
    again: Ring[NewMetric] = Ring(later_capacity)
    again.begin(ring.last_sequence)
    blocks = Blocks("metrics", again, METRICS)
    for _, _, number, body in reversed(parts):
        blocks.load(number, body)
    blocks.restore()
    assert rows(again) == rows(ring)[:later_capacity]
    assert (again.last_sequence, again.dirty.take()) == (ring.last_sequence, set())
    assert again.last_evicted == (rows(ring)[len(again)][0] if len(ring) > len(again) else ring.oldest_sequence - 1)
