"""A small HTTP server that answers like the service, or as its script says."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """A scripted answer; `record`: the items are counted anyway; `raw`: a body that is not JSON."""

    status: int
    headers: dict[str, str] = {}  # noqa: RUF012
    body: Any = None
    record: bool = False
    raw: bytes = b""


#: Counts the items, then closes the connection without an answer.
LOST_ANSWER = Answer(0, record=True)
CUT = Answer(0)


class FakeService:
    """Counts each id once and refuses items whose `data` requests it; answers of `script` come first."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.items: dict[str, Any] = {}
        self.heartbeats: list[Any] = []
        self.records: dict[str, list[Any]] = {"/spans": [], "/logs": []}
        self.annotations: list[Any] = []
        self.calls: list[tuple[str, str]] = []
        self.keys: list[str | None] = []
        self.url = ""
        self.total_events = 0

    def take(self, items: list[Any]) -> Answer:
        accepted = duplicates = 0
        errors = []
        for index, item in enumerate(items):
            if (item.get("data") or {}).get("refuse"):
                errors.append({"index": index, "code": "timestamp_too_old", "message": "too old", "field": "timestamp"})
            elif item["id"] in self.items:
                duplicates += 1
            else:
                self.items[item["id"]] = item
                accepted += 1
        receipt: dict[str, Any] = {
            "accepted": accepted,
            "duplicates": duplicates,
            "rejected": len(errors),
            "errors": errors,
        }
        if accepted or duplicates:
            return Answer(200, body=receipt)
        return Answer(400, body={"error": {"code": "nothing_accepted", "message": "nothing acceptable"}, **receipt})


def _handler(service: FakeService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are kept, as by the service
        wbufsize = -1  # an answer is one packet

        def do_GET(self) -> None:
            service.calls.append(("GET", self.path))
            if service.script:
                self._send(service.script.pop(0))
            else:
                self._send(Answer(200, body={"status": "healthy", "stats": {"total_events": service.total_events}}))

        def do_POST(self) -> None:
            service.calls.append(("POST", self.path))
            service.keys.append(self.headers["Authorization"])
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Encoding"] == "gzip":
                sent = gzip.decompress(sent)
            is_lines = self.headers["Content-Type"] == "application/x-ndjson"
            body = [json.loads(line) for line in sent.splitlines()] if is_lines else json.loads(sent)
            scripted = service.script.pop(0) if service.script else None
            if self.path == "/heartbeat":
                service.heartbeats.append(body)
                answer = Answer(200, body={"message": "heartbeat recorded"})
            elif self.path in service.records and (scripted is None or scripted.record):
                service.records[self.path].extend(body)
                answer = Answer(200, body={"accepted": len(body), "duplicates": 0, "rejected": 0, "errors": []})
            elif scripted is None or scripted.record:
                answer = service.take(body)
            if scripted is not None:
                answer = scripted
            self._send(answer)

        def do_PUT(self) -> None:
            service.calls.append(("PUT", self.path))
            scripted = service.script.pop(0) if service.script else None
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if scripted is None:
                service.annotations.append(body)
            self._send(scripted or Answer(201, body={"outcome": "created"}))

        def _send(self, answer: Answer) -> None:
            if answer.status == 0:
                self.close_connection = True
                return
            body = answer.raw if answer.body is None else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def fake_service() -> Iterator[FakeService]:
    service = FakeService()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(service)) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
