"""Files that browsers load: typed, tagged by their content, and gzipped where that is wanted."""

import gzip
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from flask import Response, request
from werkzeug.exceptions import NotFound

from analytics.api.gzipping import takes_gzip, tell_encoding

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What is served, by the end of its name; nothing else is."""


class Packed(NamedTuple):
    """Bytes with their gzip and the tag of their content."""

    plain: bytes
    gzipped: bytes
    tag: str


@lru_cache(maxsize=128)
def pack(data: bytes) -> Packed:
    """`data`, ready to serve."""
    return Packed(data, gzip.compress(data, 9, mtime=0), sha256(data).hexdigest()[:20])


class Folder:
    """The files of one folder. One that is changed is read anew."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read = lru_cache(maxsize=128)(lambda path, _changed: pack(path.read_bytes()))

    def has(self, name: str) -> bool:
        """Whether there is a file of that name to serve."""
        path = self._root / name
        return path.suffix in TYPES and path.is_file()

    def serve(self, name: str) -> Response:
        """The file as a response to the request at hand.

        Raises:
            NotFound: there is none of that name, or it lies elsewhere.
        """
        if name.startswith("/") or ".." in name or "\0" in name or not self.has(name):
            raise NotFound
        path = self._root / name
        return respond(self._read(path, path.stat().st_mtime_ns), TYPES[path.suffix])


def respond(packed: Packed, content_type: str) -> Response:
    """`packed` as a response: 304 where the browser has it; it asks each time, so that an upgrade is seen at once."""
    gzipped = takes_gzip()
    response = Response(packed.gzipped if gzipped else packed.plain, content_type=content_type)
    tell_encoding(response, gzipped=gzipped)
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(packed.tag, weak=True)  # weak: gzipped or not, it is the same
    response.make_conditional(request)
    return response
