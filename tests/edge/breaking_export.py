"""The service with a fault: every export fails after its first part."""

from gevent import monkey

monkey.patch_all()

from collections.abc import Iterator

from analytics.api.exports import Exports
from analytics.factory import create_app

_begun: list[Iterator[bytes]] = []


def breaking(exports: Exports, chunks: Iterator[bytes]) -> bytes:
    """The first of `chunks`, and then an error."""
    if chunks in _begun:
        raise RuntimeError("a fault that the test put there")
    _begun.append(chunks)
    return next(chunks)


Exports.next = breaking  # type: ignore[method-assign]
app = create_app()
