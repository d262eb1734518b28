"""The service with a fault: every export breaks after its first part."""

from gevent import monkey

monkey.patch_all()

from collections.abc import Iterator

from analytics.api import export
from analytics.factory import create_app


def breaking(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The first of `chunks`, and then an error."""
    yield next(chunks)
    raise RuntimeError("a fault that the test put there")


export.cut_off_when_stalled = breaking
app = create_app()
