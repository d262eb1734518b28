"""Fakes for tests: a clock that moves only when it is advanced."""


class FakeClock:
    """Wall and monotonic time that change only by `advance` and `set`."""

    def __init__(self, wall: float = 1_700_000_000.0) -> None:
        self._wall = wall
        self._monotonic = 0.0

    def wall(self) -> float:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._wall += seconds
        self._monotonic += seconds

    def set(self, wall: float) -> None:
        self.advance(wall - self._wall)
