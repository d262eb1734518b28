"""`analytics demo --serve` of the installed package: service and demo start and end together."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.edge.wire import eventually
from tests.package.conftest import Environment
from tests.server import free_port

SECONDS = 30


@contextmanager
def demo(installed: Environment, folder: Path, port: int, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """The demo in `folder`; stopped at the end if it still runs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANALYTICS_")}
    process = subprocess.Popen(
        [installed.bin / "analytics", "demo", "--serve", "--rate", "20", *options],
        cwd=folder,
        env={**kept, "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # a shell without job control starts background commands with SIGINT ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=SECONDS)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_alive(port: int) -> bool:
    """Whether the dashboard shows the demo's services."""
    try:
        return len(requests.get(f"http://127.0.0.1:{port}/dashboard", timeout=5).json()["services"]) >= 8
    except (requests.RequestException, KeyError):
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_service_and_demo(installed: Environment, tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    with demo(installed, tmp_path, port, "--no-history") as process:
        eventually(lambda: is_alive(port))
        os.killpg(process.pid, number)
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, output
    assert f"The dashboard is at http://127.0.0.1:{port}/" in output
    assert "sent " in output.splitlines()[-1]
    assert "Traceback" not in output
    assert not listens(port)
    assert list(tmp_path.iterdir()) == [], "no files remain"


def test_a_port_in_use_is_reported_in_one_line_and_gets_no_data(installed: Environment, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with demo(installed, tmp_path, port) as process:
            output, _ = process.communicate(timeout=SECONDS)
        taken.settimeout(0)
        with pytest.raises(BlockingIOError):
            taken.accept()
    assert process.returncode == 1
    (line,) = output.splitlines()
    assert f"PORT={port}" in line
    assert "in use" in line


def test_the_demo_ends_when_its_service_does(installed: Environment, tmp_path: Path) -> None:
    port = free_port()
    with demo(installed, tmp_path, port, "--no-history") as process:
        eventually(lambda: is_alive(port))
        (service,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(service), signal.SIGTERM)
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "Error: the service has ended with status 0" in output
    assert "Traceback" not in output


def test_serve_and_url_exclude_each_other(installed: Environment, tmp_path: Path) -> None:
    with demo(installed, tmp_path, free_port(), "--url", "http://127.0.0.1:1") as process:
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert "not --url" in output
