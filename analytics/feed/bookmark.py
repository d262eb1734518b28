"""Notes beside a file how far each service has acknowledged it, so that an import can go on where it stopped."""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


def identity(path: Path) -> str:
    """The same for the same content, and for no other: rows without ids get theirs by it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:16]


class Bookmark:
    """What is noted in `FILE.import.json` of one file and one service, which is known by its address.

    A folder that cannot be written to makes an import start anew after it was broken off, and nothing else.
    """

    def __init__(self, path: Path, url: str, file_identity: str) -> None:
        self.path = path.with_name(f"{path.name}.import.json")
        self._url, self._identity = url, file_identity

    def read(self) -> Mapping[str, Any] | None:
        """What was noted of this content and service; None where nothing was, or it cannot be read."""
        note = self._all().get(self._url)
        return note if isinstance(note, dict) else None

    def write(self, note: Mapping[str, Any]) -> None:
        """Note something in place of what was noted."""
        self._replace({**self._all(), self._url: note})

    def remove(self) -> None:
        """Note nothing any more, and leave no file that says nothing."""
        others = {url: note for url, note in self._all().items() if url != self._url}
        if others:
            self._replace(others)
        else:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _all(self) -> dict[str, Any]:
        try:
            noted = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return {}
        if not isinstance(noted, dict) or noted.get("file") != self._identity:
            return {}
        services = noted.get("services")
        return services if isinstance(services, dict) else {}

    def _replace(self, services: Mapping[str, Any]) -> None:
        new = self.path.with_name(self.path.name + ".new")
        with suppress(OSError):
            new.write_text(json.dumps({"file": self._identity, "services": services}))
            os.replace(new, self.path)
