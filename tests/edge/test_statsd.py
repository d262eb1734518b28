"""StatsD against a real server, over a real socket."""

import socket
from pathlib import Path

from statsd import StatsClient

from tests.conftest import StartServer
from tests.edge.wire import eventually
from tests.server import SERVE, Server


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accepted(server: Server) -> int:
    return int(server.get("/stats")["ingest"]["points"]["accepted"])


def test_a_client_sends_and_drops_are_counted(start_server: StartServer) -> None:
    port = free_udp_port()
    server = start_server({"ANALYTICS_STATSD_PORT": str(port)})
    client = StatsClient("127.0.0.1", port)
    try:
        client.incr("orders", 3)
        client.gauge("queue", 7)
        client.timing("checkout", 320)
        client._sock.sendto(b"nonsense\nsize:1:2|d|#service:shop", ("127.0.0.1", port))
        eventually(lambda: accepted(server) >= 4)
    finally:
        client.close()
    assert server.get("/stats")["drops"]["statsd_malformed"] == 1
    assert {"listener for StatsD", "recorder of StatsD"} <= {job["name"] for job in server.get("/health")["jobs"]}


def test_what_arrived_before_the_stop_is_kept(tmp_path: Path) -> None:
    port = free_udp_port()
    settings = {"ANALYTICS_STATSD_PORT": str(port), "ANALYTICS_DATA_DIR": str(tmp_path / "data")}
    with Server(tmp_path / "server.log", settings, SERVE) as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"users:ann|s\norders:5|c|#service:shop", ("127.0.0.1", port))
        eventually(lambda: accepted(server) >= 1)
        server.stop()
        assert "Traceback" not in server.log()
    with Server(tmp_path / "again.log", settings, SERVE) as again:
        assert "shop" in again.get("/services")["services"]


def test_it_is_off_by_default(shared_server: Server) -> None:
    assert not [job for job in shared_server.get("/health")["jobs"] if "StatsD" in job["name"]]
