"""What waits for one client: bounded, offered without waiting, and honest about what found no room."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from analytics.live.messages import Encode, Piece

EVENTS = 10_000
"""As many as a batch may have: who keeps up misses nothing of one."""
BYTES = 4 * 1024 * 1024
ANSWERS = 16
WRITE_BYTES = 256 * 1024


class Parcel(NamedTuple):
    """What is to be sent now: pieces in their order, and how many events were dropped before the first of them."""

    pieces: Iterable[Piece]
    dropped: int

    def writes(self, encode: Encode) -> Iterable[bytes]:
        """The frames of all, as many together as make a good write."""
        if type(self.pieces) is list and len(self.pieces) == 1:  # nearly always
            return (self.pieces[0].frames(encode, self.dropped),)
        return self._joined(encode)

    def _joined(self, encode: Encode) -> Iterator[bytes]:
        frames, size, dropped = [], 0, self.dropped
        for piece in self.pieces:
            frames.append(piece.frames(encode, dropped))
            size, dropped = size + len(frames[-1]), 0
            if size >= WRITE_BYTES:
                yield b"".join(frames)
                frames, size = [], 0
        if frames:
            yield b"".join(frames)

    def texts(self, encode: Encode) -> Iterator[bytes]:
        """The texts of all, one by one."""
        dropped = self.dropped
        for piece in self.pieces:
            yield from piece.texts(encode, dropped)
            dropped = 0


class Outbox:
    """Pieces in the order in which they were offered.

    Of updates only the newest waits. When there are more than `EVENTS` events or `BYTES` of their data, the oldest
    make room, a piece at a time, and are counted; so do answers beyond `ANSWERS`, uncounted, which wait behind all
    else. What a client is told when it comes (the opening) waits in front of all.
    """

    __slots__ = ("_answers", "_bytes", "_dropped", "_events", "_opening", "_pieces", "_update")

    def __init__(self) -> None:
        self._opening: Iterator[Piece] | None = None
        self._answers: deque[Piece] = deque(maxlen=ANSWERS)
        self._pieces: deque[tuple[Piece, int]] = deque()
        self._update: Piece | None = None
        self._events = self._bytes = self._dropped = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not (self._pieces or self._answers or self._opening)

    @property
    def has_opening(self) -> bool:
        """Whether an opening waits."""
        return self._opening is not None

    @property
    def has_update(self) -> bool:
        """Whether an update waits."""
        return self._update is not None

    def offer_opening(self, pieces: Iterator[Piece]) -> None:
        """Have `pieces` sent before all else; they are made as they go."""
        self._opening = pieces

    def offer_answer(self, piece: Piece) -> None:
        """Answer something that the client asked."""
        self._answers.append(piece)

    def offer_update(self, piece: Piece) -> None:
        """Add an update; one that was not sent yet is forgotten."""
        if self._update is not None:
            self._pieces.remove((self._update, 0))
        self._update = piece
        self._pieces.append((piece, 0))

    def offer_events(self, piece: Piece, missing: int = 0) -> int:
        """Add events, before which `missing` others were left out; returns how many were dropped in all."""
        self._pieces.append((piece, piece.size))
        self._events += len(piece)
        self._bytes += piece.size
        dropped = missing
        while self._events > max(EVENTS, len(piece)) or self._bytes > max(BYTES, piece.size):
            dropped += self._drop_oldest()
        self._dropped += dropped
        return dropped

    def forget(self) -> None:
        """Drop the events and the update that wait: an opening will tell all that happened."""
        self._pieces.clear()
        self._update = None
        self._events = self._bytes = self._dropped = 0

    def take(self) -> Parcel:
        """All that waits; it waits no more."""
        pieces = [piece for piece, _ in self._pieces]
        if self._answers:
            pieces += self._answers
            self._answers.clear()
        parcel = Parcel(pieces if self._opening is None else _in_turn(self._opening, pieces), self._dropped)
        self._opening = self._update = None
        self._pieces.clear()
        self._events = self._bytes = self._dropped = 0
        return parcel

    def _drop_oldest(self) -> int:
        place = next(place for place, (piece, _) in enumerate(self._pieces) if piece is not self._update)
        piece, size = self._pieces[place]
        del self._pieces[place]
        self._events -= len(piece)
        self._bytes -= size
        return len(piece)


def _in_turn(opening: Iterator[Piece], waiting: list[Piece]) -> Iterator[Piece]:
    yield from opening
    yield from waiting
