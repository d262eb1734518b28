"""Publishing files: they appear under their names complete and synced, several at once."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from analytics.log.disk.file import PRIVATE, PRIVATE_DIRECTORY, sync_directory
from analytics.store.files.layout import PARTIAL

SYNCED_AT_ONCE = 8
"""So many files are synced at once: the file system writes what they have in common once."""


class Publication:
    """Files below a folder that are written inside of its context, and are there at its end.

    If that fails, none is left.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._paths: list[Path] = []
        self._directories = set[Path]()

    def begin(self, name: str) -> Path:
        """The path of an empty file, to be filled until the end of the context, for the one of this name."""
        path = self._folder / name
        path.parent.mkdir(PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        self._directories |= {path.parent, path.parent.parent, self._folder}  # an earlier try may have made them
        self._paths.append(path)
        _partial(path).touch(PRIVATE)
        return _partial(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        try:
            if failure is None:
                self._publish()
        except BaseException:
            self._remove(self._paths)
            raise
        finally:
            self._remove(map(_partial, self._paths))

    def _publish(self) -> None:
        _each_of(_sync, [_partial(path) for path in self._paths])
        for path in self._paths:
            _partial(path).replace(path)
        _each_of(sync_directory, sorted(self._directories))

    def _remove(self, paths: Iterable[Path]) -> None:
        for path in paths:
            path.unlink(missing_ok=True)


def _each_of(call: Callable[[Path], None], paths: list[Path]) -> None:
    """Call a function with each path, in several threads."""
    if len(paths) == 1:
        call(paths[0])
        return
    with ThreadPoolExecutor(SYNCED_AT_ONCE) as threads:
        list(threads.map(call, paths))


def _partial(path: Path) -> Path:
    return path.with_name(path.name + PARTIAL)


def _sync(path: Path) -> None:
    path.chmod(PRIVATE)
    with path.open("rb") as file:
        os.fsync(file.fileno())
