"""Blocks: the records of a ring (recent events, metrics or errors) as parts of a checkpoint."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Generic

import msgspec
from msgspec import structs

from analytics.clock import rfc3339
from analytics.kinds import Kind
from analytics.log.disk.stored import Part
from analytics.records import Kept, R
from analytics.state.rings import Ring


class Blocks(Generic[R]):
    """Converts between the blocks of `ring` and parts of a checkpoint.

    A part is the JSON of the sequence number of its first record and a list of (time received, record) pairs. Records
    have the ids that the service assigned to them.

    Args:
        family: the name of the parts.
        kind: the kind of the records.
    """

    def __init__(self, family: str, ring: Ring[R], kind: Kind[R]) -> None:
        self._family = family
        self.ring: Ring[R] = ring
        record: Any = kind.record
        self._decode = msgspec.json.Decoder(tuple[int, list[tuple[float, record]]]).decode
        self._stand_in = kind.stand_in
        self._loaded: dict[int, tuple[int, list[Any]]] = {}

    def dump(self, numbers: Iterable[int]) -> Iterator[Part]:
        """The parts for the blocks with these numbers; blocks that the ring has dropped are skipped."""
        for number in numbers:
            block = self.ring.block(number)
            if block:
                rows = [(kept.received, _with_id(kept, place)) for _, kept, place in block]
                yield Part(self._family, 0, number, msgspec.json.encode((block[0].sequence, rows)))

    def load(self, number: int, body: bytes) -> None:
        """Decode one block; `restore` adds it to the ring."""
        self._loaded[number] = self._decode(body)

    def restore(self) -> None:
        """Fill the ring with the loaded blocks."""
        loaded, self._loaded = self._loaded, {}
        runs: list[tuple[int, list[Any]]] = []
        for _, (first, rows) in sorted(loaded.items()):
            if runs and runs[-1][0] + len(runs[-1][1]) == first:
                runs[-1][1].extend(rows)
            else:
                runs.append((first, rows))
        self.ring.restore((first, _batches(rows, self._stand_in)) for first, rows in runs)

    def oldest(self) -> tuple[str, int, int]:
        """Family, level (0) and number of the oldest block that is kept."""
        return self._family, 0, self.ring.oldest_block


def _with_id(kept: Kept[Any], place: int) -> Any:
    record = kept.records[place]
    return structs.replace(record, id=kept.id(place)) if record.id is None else record


def _batches(rows: Iterable[Any], stand_in: Any) -> Iterator[Kept[Any]]:
    for received, together in groupby(rows, key=lambda row: row[0]):
        records = [record for _, record in together]
        erased = frozenset(place for place, record in enumerate(records) if record == stand_in)
        yield Kept(records, received, rfc3339(received), "", erased)
