"""Slots for questions to the store process: each needs memory and a thread there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from analytics.errors import ClientLeft, Unavailable
from analytics.slots import Slots, SlotsFull, SlotTimeout, SlotUnwanted

AT_ONCE = {"sql": 2, "explore": 2, "search": 4, "records": 4}
"""How many questions of a kind are answered at the same time. Others are not limited: few ask them."""
MOST_WAITING = 100
WAIT_SECONDS = 10.0
"""How long a question waits for its slot."""


class TooManyQuestions(Unavailable):
    """Too many others ask the same kind of question."""

    code = "too_many_queries"

    def __init__(self) -> None:
        message = "The long-term store answers too many questions of this kind now; ask again in a moment."
        super().__init__(message, headers={"Retry-After": "5"})


class QuestionSlots:
    """Slots for each kind of question."""

    def __init__(self) -> None:
        self._slots = {op: Slots(number, MOST_WAITING) for op, number in AT_ONCE.items()}

    @contextmanager
    def taken(self, op: str, is_wanted: Callable[[], bool]) -> Iterator[None]:
        """A place for the duration of a block.

        Raises:
            TooManyQuestions: there was none in time.
            ClientLeft: the answer is not wanted any more.
        """
        slots = self._slots.get(op)
        if slots is None:
            yield
            return
        try:
            slots.take(WAIT_SECONDS, is_wanted)
        except (SlotsFull, SlotTimeout):
            raise TooManyQuestions from None
        except SlotUnwanted:
            raise ClientLeft from None
        try:
            yield
        finally:
            slots.give()
