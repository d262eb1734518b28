"""A listener that a worker of gunicorn opens in addition to those of its master.

Verified with gunicorn 27.0.1 and gevent 26.9.0. The service relies on these:

- `worker.handle(listener, client, address)` serves a connection; of the listener it needs `getsockname` alone.
- `worker.sockets` has the listeners of the master, with their addresses.
- `StreamServer.init_socket` opens the listener, `start` accepts, `close` closes it and leaves the connections open;
  `pool` has their greenlets.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.sock import ssl_context


class AddedListener:
    """Accepts connections for a worker until it is closed.

    Args:
        environ: what is added to the environ of each request.

    Raises:
        OSError: the address cannot be listened on.
    """

    def __init__(self, worker: Any, host: str, port: int, environ: Mapping[str, Any]) -> None:
        self.environ = environ
        options = {"ssl_context": ssl_context(worker.cfg)} if worker.cfg.is_ssl else {}
        handle = partial(worker.handle, self)
        self._server = StreamServer((host, port), handle, spawn=Pool(worker.worker_connections), **options)
        self._server.init_socket()
        self._name = self._server.socket.getsockname()
        self._server.start()

    def getsockname(self) -> Any:
        """The address that is listened on."""
        return self._name

    def close(self) -> None:
        """Accept no more connections, and let the port go."""
        self._server.close()

    def wait(self, seconds: float) -> None:
        """Wait until the connections have ended, for so many seconds at most."""
        self._server.pool.join(timeout=seconds)


def hosts(worker: Any) -> dict[str, set[int]]:
    """The hosts that the listeners of a worker's master are bound to, each with its ports; Unix sockets have none."""
    found: dict[str, set[int]] = {}
    for listener in worker.sockets:
        name = listener.getsockname()
        if isinstance(name, tuple):
            found.setdefault(name[0], set()).add(name[1])
    return found
