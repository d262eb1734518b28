"""The outcome of applying the records of a request, and the answers made of it."""

from collections.abc import Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from msgspec import structs

from analytics.log.refusal import Refused
from analytics.records import ItemError, Kept, R, Receipt

MAX_ERRORS = 100
"""How many errors a receipt lists; all are counted."""
N = TypeVar("N", covariant=True)


class Decoded(Protocol[N]):
    """A decoded batch: its valid items with their indexes in the batch, and the errors of the invalid ones."""

    @property
    def items(self) -> Sequence[N]: ...

    @property
    def places(self) -> Sequence[int]: ...

    @property
    def errors(self) -> Sequence[ItemError]: ...


class Taken(NamedTuple):
    """Answer for a single record: its id, its time (RFC 3339), and whether it was a duplicate."""

    id: str
    timestamp: str
    duplicate: bool


class Outcome(NamedTuple, Generic[R]):
    """Result of applying the records of a request.

    Attributes:
        kept: the records that were kept.
        sequence: the sequence number of the last one; 0 for kinds without.
        duplicates: how many records had an id that was seen before.
        repeated_id: the last such id; empty if there is none.
        errors: the refused records; `index` counts the records of the entry from 0.
        dropped: the indexes of the records that were not kept, ascending.
    """

    kept: Kept[R]
    sequence: int
    duplicates: int
    repeated_id: str
    errors: list[ItemError]
    dropped: Sequence[int] = ()

    def taken(self) -> Taken:
        """The answer to a request with a single record.

        Raises:
            Refused: the record was refused.
        """
        if self.errors:
            error = self.errors[0]
            raise Refused(error.code, error.message, error.field)
        if self.duplicates:
            return Taken(self.repeated_id, self.kept.received_at, duplicate=True)
        return Taken(self.kept.id(0), self.kept.time(0), duplicate=False)

    def receipt(self, batch: Decoded[R]) -> Receipt:
        """The answer to a request with a batch; errors have their index in the batch."""
        errors = [*batch.errors, *(structs.replace(error, index=batch.places[error.index]) for error in self.errors)]
        errors.sort(key=lambda error: error.index)
        return Receipt(len(self.kept.records), self.duplicates, len(errors), errors[:MAX_ERRORS])
