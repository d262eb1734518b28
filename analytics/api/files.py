"""Static files for browsers, with a content type, an ETag and gzip."""

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
"""Content type by file name extension; files with other extensions are not served."""


class Packed(NamedTuple):
    """Content of a file, plain and gzipped, with its ETag."""

    plain: bytes
    gzipped: bytes
    tag: str


@lru_cache(maxsize=128)
def pack(data: bytes) -> Packed:
    """Compress `data` and compute its ETag."""
    return Packed(data, gzip.compress(data, 9, mtime=0), sha256(data).hexdigest()[:20])


class Folder:
    """Serves the files of one folder, from a cache that notices changed files."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read = lru_cache(maxsize=128)(lambda path, _changed: pack(path.read_bytes()))

    def has(self, name: str) -> bool:
        """Whether the folder has a file of that name that may be served."""
        path = self._root / name
        return path.suffix in TYPES and path.is_file()

    def serve(self, name: str) -> Response:
        """Response to the current request with the content of the file.

        Raises:
            NotFound: there is no such file, or it is outside the folder.
        """
        if name.startswith("/") or ".." in name or "\0" in name or not self.has(name):
            raise NotFound
        path = self._root / name
        return respond(self._read(path, path.stat().st_mtime_ns), TYPES[path.suffix])


def respond(packed: Packed, content_type: str) -> Response:
    """Response with `packed`, or 304. Browsers revalidate on every load, so that they see an upgrade at once."""
    gzipped = takes_gzip()
    response = Response(packed.gzipped if gzipped else packed.plain, content_type=content_type)
    tell_encoding(response, gzipped=gzipped)
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(packed.tag, weak=True)  # weak: the same for the gzipped and the plain content
    response.make_conditional(request)
    return response
