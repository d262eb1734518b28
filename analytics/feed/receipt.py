"""The receipt of a batch: the answer of the service with the outcome of each item."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class ItemError:
    """Why an item was rejected; `index` is its position in the batch from 0, or -1 if unknown."""

    index: int
    code: str
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Numbers of items by outcome; `errors` has details of the first rejected items."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    errors: tuple[ItemError, ...] = ()

    @property
    def items(self) -> int:
        """Number of items in the batch."""
        return self.accepted + self.duplicates + self.rejected

    def followed_by(self, later: Self, offset: int) -> "Receipt":
        """Join the receipts of two parts of a batch; `later` starts at item `offset`."""
        moved = tuple(replace(error, index=error.index + offset) for error in later.errors)
        return Receipt(
            self.accepted + later.accepted,
            self.duplicates + later.duplicates,
            self.rejected + later.rejected,
            self.errors + moved,
        )

    @classmethod
    def from_json(cls, body: object) -> Self | None:
        """Parse the body of an answer; returns None if it is not a receipt."""
        if not isinstance(body, Mapping):
            return None
        counts = [body.get(key) for key in ("accepted", "duplicates", "rejected")]
        accepted, duplicates, rejected = (count if type(count) is int and count >= 0 else None for count in counts)
        if accepted is None or duplicates is None or rejected is None:
            return None
        errors = body.get("errors")
        named = [error for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []
        return cls(accepted, duplicates, rejected, tuple(map(_item_error, named)))


def _item_error(error: Mapping[str, object]) -> ItemError:
    index, field = error.get("index"), error.get("field")
    return ItemError(
        index=index if isinstance(index, int) else -1,
        code=str(error.get("code", "rejected")),
        message=str(error.get("message", "")),
        field=field if isinstance(field, str) else None,
    )
