"""A state with the engine over it, and queries as of its clock."""

import math

from analytics.kinds import POINTS
from analytics.points import NewPoint
from analytics.promql.block import Block
from analytics.promql.budget import Budget
from analytics.promql.engine import PromqlEngine, QueryAnswer
from analytics.query.cells.build import make_engine
from analytics.records import Receipt
from tests.state.rig import NOON, Rig, batch

Row = tuple[tuple[str, str], ...]


class QueryRig(Rig):
    """Records, and asks in PromQL."""

    def __init__(self, wall: float = NOON, **limits: int) -> None:
        super().__init__(wall, **limits)
        self.engine: PromqlEngine = make_engine(self.reader, self.state.series.levels)

    def points(self, *points: NewPoint) -> Receipt:
        """Record typed points."""
        return self.recorder.record_batch(POINTS, batch(*points))

    def wait(self, seconds: float) -> None:
        """Let time pass, with a tick at its end."""
        self.clock.advance(seconds)
        self.recorder.tick()

    def query(self, text: str, at: float | None = None) -> QueryAnswer:
        """The answer at a time, by default now; half a second later, so that it is on no full minute."""
        self.recorder.tick()
        moment = self.clock.wall() + 0.5 if at is None else at
        return self.engine.instant(text, round(moment * 1000), Budget())

    def values(self, text: str, at: float | None = None) -> dict[Row, float]:
        """Floats by labels."""
        return values_of(self.query(text, at))

    def value(self, text: str, at: float | None = None) -> float:
        """The only float."""
        (found,) = self.values(text, at).values()
        return found


def values_of(answer: QueryAnswer) -> dict[Row, float]:
    """The floats of an instant answer by labels."""
    block = answer.value
    assert isinstance(block, Block)
    rows = zip(block.series.rows, block.values[0].tolist(), block.present[0].tolist(), strict=True)
    return {labels: value for labels, value, there in rows if there}


def row(**labels: str) -> Row:
    """Labels in their order."""
    return tuple(sorted(labels.items()))


def same(first: dict[Row, float], second: dict[Row, float], tolerance: float = 1e-9) -> bool:
    """Whether both have the same series with equal values, up to a relative tolerance."""
    return first.keys() == second.keys() and all(
        math.isclose(value, second[labels], rel_tol=tolerance) or (value != value and second[labels] != second[labels])
        for labels, value in first.items()
    )
