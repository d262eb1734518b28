"""Evaluates queries over a few lines in promqltest's notation."""

from analytics.promql.budget import Budget
from analytics.promql.engine import PromqlEngine, QueryAnswer
from analytics.promql.raw_samples import RawSamples
from tests.promqltest.run import load
from tests.promqltest.script import Load


def storage(*lines: str, step: int = 60_000, with_native: bool = False) -> RawSamples:
    """A storage with these series."""
    kept = RawSamples()
    load(Load(step, list(lines), with_native), kept)
    return kept


def ask(query: str, kept: RawSamples, at: int = 0, budget: Budget | None = None) -> QueryAnswer:
    """The answer at one time in milliseconds."""
    return PromqlEngine(kept).instant(query, at, budget or Budget())


def values(query: str, kept: RawSamples, at: int = 0) -> dict[tuple[tuple[str, str], ...], float]:
    """Floats by labels at one time in milliseconds."""
    block = ask(query, kept, at).value
    present = zip(block.series.rows, block.values[0].tolist(), block.present[0].tolist(), strict=True)
    return {labels: value for labels, value, there in present if there}
