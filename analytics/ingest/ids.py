"""Ids for records that came without one: unique over restarts, and cheap to make by the thousand."""

import secrets
from itertools import count


class NewIds:
    """Ids of the form RUN-BATCH-PLACE; RUN is random and made once, BATCH and PLACE count."""

    def __init__(self) -> None:
        self._run = secrets.token_hex(5)
        self._batches = count(1)
        self._places = ["0"]

    def __call__(self, number: int) -> list[str]:
        """`number` ids that nobody else has."""
        while len(self._places) < number:
            self._places.append(str(len(self._places)))
        batch = f"{self._run}-{next(self._batches)}-"
        return list(map(batch.__add__, self._places[:number]))
