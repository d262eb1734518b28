"""Progress of an import, saved beside the file so that an interrupted import can be resumed."""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


def content_id(path: Path) -> str:
    """Hash of the content of a file. Rows without an id get one that is made of it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:16]


class Bookmark:
    """The saved progress of importing one file into the service at `url`, in `FILE.import.json`.

    Errors while writing are ignored: then an interrupted import starts from the first row.
    """

    def __init__(self, path: Path, url: str, file_id: str) -> None:
        self.path = path.with_name(f"{path.name}.import.json")
        self._url, self._file_id = url, file_id

    def read(self) -> Mapping[str, Any] | None:
        """The saved progress; None if there is none for this content and service, or it cannot be read."""
        progress = self._all().get(self._url)
        return progress if isinstance(progress, dict) else None

    def write(self, progress: Mapping[str, Any]) -> None:
        """Save progress, replacing what was saved before."""
        self._replace({**self._all(), self._url: progress})

    def remove(self) -> None:
        """Delete the progress for this service, and the file if it holds no other."""
        others = {url: progress for url, progress in self._all().items() if url != self._url}
        if others:
            self._replace(others)
        else:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _all(self) -> dict[str, Any]:
        try:
            saved = json.loads(self.path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(saved, dict) or saved.get("file") != self._file_id:
            return {}
        services = saved.get("services")
        return services if isinstance(services, dict) else {}

    def _replace(self, services: Mapping[str, Any]) -> None:
        new = self.path.with_name(self.path.name + ".new")
        with suppress(OSError):
            new.write_text(json.dumps({"file": self._file_id, "services": services}))
            os.replace(new, self.path)
