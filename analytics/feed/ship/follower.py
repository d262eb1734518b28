"""Follower: finds the files of patterns, and reads their lines through rotation and truncation."""

import glob
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from analytics.feed.ship.places import FilePlace, has_place
from analytics.feed.ship.tail import FileLine, FileTail, last_line_end

COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")
MOST_BYTES = 1 << 20
"""Bytes of the lines that are read at once."""
GRACE_SECONDS = 30.0
"""How long a file that was renamed or deleted may grow before it is closed."""
Key = tuple[int, int]


class Follower:
    """Follows the files that match `patterns`.

    A file that is renamed is read to its end; one that is truncated is read from its start, and the copy that was made
    of it before, if there is one beside it, to its end.

    Args:
        places: those kept by an earlier run; None in the first run, in which files start at their ends.
        from_start: files start at their starts in the first run, too.
        whole: a file that always does, and need not match.
        clock: monotonic seconds.
        new_token: makes unique tokens.
        say: tells people one line.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        places: Iterable[FilePlace] | None,
        *,
        from_start: bool,
        clock: Callable[[], float],
        new_token: Callable[[], str],
        say: Callable[[str], None],
        whole: Path | None = None,
    ) -> None:
        self._patterns = [*patterns, *([] if whole is None else [glob.escape(str(whole))])]
        self._whole = whole
        self._clock, self._new_token, self._say = clock, new_token, say
        self._saved: dict[Key, FilePlace] = {(place.device, place.inode): place for place in places or ()}
        self._skips_present = places is None and not from_start
        self.tails: dict[Key, FileTail] = {}
        self._told: set[str] = set()
        self._is_first = True

    def scan(self) -> None:
        """Look for new, renamed, truncated and deleted files."""
        found = self._found()
        for tail in list(self.tails.values()):
            if tail.was_rewritten():
                self._begin_again(tail)
        if self._is_first:
            self._resume_moved(found)
        now = self._clock()
        for key, tail in list(self.tails.items()):
            if key in found:
                tail.path, tail.gone_at = Path(found[key]), None
            elif tail.gone_at is None:
                tail.gone_at = now
        for key, path in found.items():
            if key not in self.tails:
                self._open(key, Path(path))
        self._is_first = self._skips_present = False

    def read(self, most: int, most_bytes: int = MOST_BYTES) -> list[FileLine]:
        """Up to `most` lines of all files, of about `most_bytes`."""
        lines: list[FileLine] = []
        size = 0
        for tail in list(self.tails.values()):
            if tail.was_rewritten():
                self._begin_again(tail)
        for tail in list(self.tails.values()):
            while len(lines) < most and size < most_bytes and (more := tail.read(most - len(lines))):
                lines += more
                size += more[-1].end - more[0].start
            if tail.gone_at is not None and tail.is_read_up_to_part():
                lines += self._end_of(tail)
        if len(self.tails) > 1 and (len(lines) >= most or size >= most_bytes):  # others come first in the next round
            key, tail = next(iter(self.tails.items()))
            self.tails[key] = self.tails.pop(key)
        return lines

    def places(self) -> list[FilePlace]:
        """The places to keep."""
        return [*(tail.acknowledged for tail in self.tails.values()), *self._saved.values()]

    def close(self) -> None:
        for tail in self.tails.values():
            tail.close()

    def _end_of(self, tail: FileTail) -> list[FileLine]:
        """The last line of a file that is no longer written to, and its end once that is acknowledged."""
        assert tail.gone_at is not None
        if not tail.is_copy and self._clock() - tail.gone_at < GRACE_SECONDS:
            return []
        rest = tail.read(1, final=True)
        if not rest and tail.acknowledged.offset >= tail.offset:
            tail.close()
            del self.tails[tail.key]
        return rest

    def _found(self) -> dict[Key, str]:
        found: dict[Key, str] = {}
        for pattern in self._patterns:
            for path in sorted(glob.glob(pattern, recursive=True)):
                try:
                    status = os.stat(path)
                except OSError:
                    continue
                if path.endswith(COMPRESSED):
                    self._tell(f"{path} is compressed and not followed")
                elif stat.S_ISREG(status.st_mode):
                    found.setdefault((status.st_dev, status.st_ino), path)
        return found

    def _open(self, key: Key, path: Path) -> None:
        file = self._opened(path, key)
        if file is None:
            return
        place = self._saved.pop(key, None)
        if place is not None:
            tail = self._add(file, path, place.token, place.offset, place.check)
            if tail.was_rewritten():
                self._begin_again(tail)
            return
        for known in self.tails.values():
            place = known.acknowledged
            if place.offset and _is_beside(path, known.path) and has_place(file, place.offset, place.check):
                self._add(file, path, place.token, place.offset, place.check)
                return
        is_skipped = self._skips_present and path != self._whole
        self._add(file, path, self._new_token(), last_line_end(file) if is_skipped else 0)

    def _begin_again(self, tail: FileTail) -> None:
        """Read a truncated file from its start, and the rest of the copy that was made of it before."""
        before, offset, check = tail.acknowledged, tail.offset, tail.check
        tail.restart(self._new_token())
        for path in _beside(tail.path):
            file = self._opened(path)
            if file is None:
                continue
            if _key(file) not in self.tails and has_place(file, offset, check):
                copy = self._add(file, path, before.token, before.offset, before.check)
                copy.is_copy, copy.gone_at = True, self._clock()
                return
            file.close()

    def _resume_moved(self, found: dict[Key, str]) -> None:
        """Open files that were renamed, while no agent was running, to names that are not followed."""
        for key, place in list(self._saved.items()):
            if key in found:
                continue
            del self._saved[key]
            folder = Path(place.path).parent
            for path in _files(folder):
                file = self._opened(path, key)
                if file is None:
                    continue
                if has_place(file, place.offset, place.check):
                    self._add(file, path, place.token, place.offset, place.check).gone_at = self._clock()
                    break
                file.close()
            else:
                self._tell(f"{place.path} was removed; what was written to it beyond byte {place.offset} is lost")

    def _add(self, file: BinaryIO, path: Path, token: str, offset: int, check: str | None = None) -> FileTail:
        tail = FileTail(file, path, token, offset, check)
        self.tails[tail.key] = tail
        return tail

    def _opened(self, path: Path, key: Key | None = None) -> BinaryIO | None:
        """The open file; None if it cannot be opened, or is not the one of `key`."""
        try:
            if key is not None and _key(path) != key:
                return None
            file = open(path, "rb", buffering=0)  # noqa: SIM115 - owned by its tail
        except OSError as error:
            self._tell(f"cannot read {path}: {error.strerror or error}")
            return None
        if key is not None and _key(file) != key:  # another file took its name meanwhile
            file.close()
            return None
        return file

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._say(text)


def _key(file: Path | BinaryIO) -> Key:
    status = os.stat(file if isinstance(file, Path) else file.fileno())
    return status.st_dev, status.st_ino


def _files(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(path for path in folder.iterdir() if path.is_file())
    except OSError:
        return


def _is_beside(path: Path, other: Path) -> bool:
    """Whether a file has the name of one that was rotated from `other`."""
    return path.parent == other.parent and path.name != other.name and path.name.startswith(other.name)


def _beside(path: Path) -> Iterator[Path]:
    return (each for each in _files(path.parent) if _is_beside(each, path) and not each.name.endswith(COMPRESSED))
