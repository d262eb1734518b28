"""A real HTTP server that counts items like the service, and misbehaves as its script says."""

import json
import os
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Turn(NamedTuple):
    """The treatment of one request: a status, or the misbehaviour `slow`, `cut`, `short`, `reset` or `hang`.

    `counts`: whether its items are counted anyway.
    """

    status: int = 200
    retry_after: str | None = None
    how: str = ""
    counts: bool = False
    body: bytes | None = None


CUT, SHORT, RESET, HANG = Turn(how="cut"), Turn(how="short"), Turn(how="reset"), Turn(how="hang")


class Unruly:
    """Counts each id once; each request uses up one turn of `script` first.

    Bodies of more than `most` items are answered 413, items with `refuse` in their data are rejected, and those with
    `fault` are answered 500. Without `believes_times`, items with a timestamp are rejected.
    """

    def __init__(self) -> None:
        self.script: list[Turn] = []
        self.counted: Counter[str] = Counter()
        self.items: dict[str, Any] = {}
        self.heartbeats: list[Any] = []
        self.spans: list[Any] = []
        self.sizes: list[int] = []
        self.peers: set[Any] = set()
        self.keys: list[str | None] = []
        self.most = 10_000
        self.believes_times = True
        self.url = ""
        self.port = 0
        self.lock = threading.Lock()
        self.released = threading.Event()

    def take(self, items: list[Any]) -> tuple[int, Any]:
        """Count new items."""
        accepted = duplicates = 0
        errors = []
        for index, item in enumerate(items):
            if (item.get("data") or {}).get("refuse"):
                errors.append({"index": index, "code": "validation_failed", "message": "refused", "field": "data"})
            elif "timestamp" in item and not self.believes_times:
                errors.append({"index": index, "code": "timestamp_in_future", "message": "later", "field": "timestamp"})
            elif "span_id" in item and "start" in item:
                self.spans.append(item)
                accepted += 1
            elif item["id"] in self.items:
                duplicates += 1
            else:
                self.items[item["id"]] = item
                self.counted[item.get("type") or item.get("name") or "line"] += 1
                accepted += 1
        receipt = {"accepted": accepted, "duplicates": duplicates, "rejected": len(errors), "errors": errors}
        return 200 if accepted or duplicates else 400, receipt


def _handler(service: Unruly) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body are sent together

        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with service.lock:
                service.peers.add(self.client_address)
                service.keys.append(self.headers["Authorization"])
                turn = service.script.pop(0) if service.script else Turn(counts=True)
                status, answer = turn.status, {}
                if self.path == "/heartbeat":
                    if turn.counts:
                        service.heartbeats.append(sent)
                        answer = {"message": "heartbeat recorded"}
                else:
                    service.sizes.append(len(sent))
                    if any((item.get("data") or {}).get("fault") for item in sent):
                        turn, status = Turn(500), 500
                    elif len(sent) > service.most:
                        turn, status = Turn(413), 413
                    elif turn.counts:
                        taken, answer = service.take(sent)
                        status = taken if status == 200 else status
            if turn.how == "slow":
                service.released.wait(0.5)
            elif turn.how:
                self.misbehave(turn.how)
                return
            body = json.dumps(answer).encode() if turn.body is None else turn.body
            self.send_response(status)
            if turn.retry_after is not None:
                self.send_header("Retry-After", turn.retry_after)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def misbehave(self, how: str) -> None:
            self.close_connection = True
            if how == "short":
                self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"accepted": 3')
            elif how == "hang":
                service.released.wait(20)
            elif how == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                os.close(self.connection.detach())  # before the connection is closed cleanly

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        self.connections: list[socket.socket] = []
        super().__init__(*arguments)

    def get_request(self) -> Any:
        """A new connection, remembered so that it can be cut."""
        connection, peer = super().get_request()
        self.connections.append(connection)
        return connection, peer

    def cut(self) -> None:
        """End all connections."""
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:
        """Ignore clients that disconnect."""


@contextmanager
def serving(service: Unruly, port: int = 0) -> Iterator[Unruly]:
    """Run `service`; a port can be reused after it was stopped."""
    with _Server(("127.0.0.1", port), _handler(service)) as server:
        service.port = server.server_port
        service.url = f"http://127.0.0.1:{service.port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            service.released.set()
            server.shutdown()
            server.cut()
            thread.join()
