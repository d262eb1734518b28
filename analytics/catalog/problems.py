"""Problems of configuration files, as one load of the folder finds them."""

import logging
from collections import Counter
from typing import NamedTuple

MOST_PROBLEMS = 100
NAMES_SHOWN = 5

log = logging.getLogger(__name__)


class FileProblem(NamedTuple):
    """An error in a file, and its place."""

    file: str
    line: int | None
    field: str | None
    reason: str


class Problems:
    """All problems of one load. The first are kept and logged, the others only counted.

    Attributes:
        first: the first problems.
        by_file: how many problems each file has.
    """

    def __init__(self) -> None:
        self.first: list[FileProblem] = []
        self.by_file: Counter[str] = Counter()

    def add(self, file: str, line: int | None, field: str | None, reason: str) -> None:
        """Add a problem of a file, with its line and field where they are known."""
        self.by_file[file] += 1
        if len(self.first) < MOST_PROBLEMS:
            self.first.append(FileProblem(file, line, field, reason))
            log.error("configuration is wrong", extra=self.first[-1]._asdict())

    @property
    def more(self) -> int:
        """How many problems there are beyond the first."""
        return self.by_file.total() - len(self.first)

    @property
    def summary(self) -> str | None:
        """Which files have problems; None if none has."""
        if not self.by_file:
            return None
        names = list(self.by_file)
        more = [f"{len(names) - NAMES_SHOWN} more"] if len(names) > NAMES_SHOWN else []
        return f"the configuration has errors in {', '.join([*names[:NAMES_SHOWN], *more])}: see config.errors"
