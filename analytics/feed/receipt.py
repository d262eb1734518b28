"""What the service answers to a batch: the outcome of every item."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class ItemError:
    """Why one item of a batch was refused; `index` counts from 0 within the batch, -1 when not told."""

    index: int
    code: str
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """How many items of a batch were accepted, known already, or refused; `errors` names some."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    errors: tuple[ItemError, ...] = ()

    @property
    def items(self) -> int:
        return self.accepted + self.duplicates + self.rejected

    def followed_by(self, later: Self, offset: int) -> "Receipt":
        """The receipt of two batches as if they had been one, the later one beginning at `offset`."""
        moved = tuple(replace(error, index=error.index + offset) for error in later.errors)
        return Receipt(
            self.accepted + later.accepted,
            self.duplicates + later.duplicates,
            self.rejected + later.rejected,
            self.errors + moved,
        )

    @classmethod
    def from_json(cls, body: object) -> Self | None:
        """Read an answer's body; None when it is no receipt."""
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
