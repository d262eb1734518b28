"""Programs that send syslog, with the settings of the documentation, against a real server."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.edge.wire import eventually, unique
from tests.server import ROOT, Server, free_port

GUIDE = ROOT / "docs/howto/logs-and-traces.md"
JARS = [Path(f"/usr/share/java/{name}.jar") for name in ("logback-classic", "logback-core", "slf4j-api")]
PROGRAM = """
import org.slf4j.*;

public class Shop {
    public static void main(String[] arguments) {
        Logger log = LoggerFactory.getLogger("shop.Payments");
        log.error("payment failed: gr\\u00fc\\u00dfe");
        log.warn("broken", new IllegalStateException("no card"));
        ((ch.qos.logback.classic.LoggerContext) LoggerFactory.getILoggerFactory()).stop();
    }
}
"""


@pytest.fixture(scope="module")
def syslog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, int]]:
    """A server, and its port for syslog."""
    port = free_port()
    with Server(tmp_path_factory.mktemp("syslog") / "server.log", {"ANALYTICS_SYSLOG_PORT": str(port)}) as server:
        yield server, port


def documented(begin: str, port: int) -> str:
    """The block of the guide that begins so, with another port."""
    (found,) = (block for block in re.findall(r"```\w+\n(.*?)```", GUIDE.read_text(), re.DOTALL) if begin in block)
    return str(found).replace("5514", str(port))


def sbin(program: str) -> str | None:
    """The path of a program that may be for administrators only."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


@contextmanager
def running(*command: str | Path) -> Iterator[None]:
    """Run a program until the end of the context."""
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        try:
            yield
        finally:
            program.terminate()


def lines_of(server: Server, service: str, count: int) -> list[dict[str, Any]]:
    """The lines of a service, the oldest first, once there are so many."""
    found: list[dict[str, Any]] = []

    def has_all() -> bool:
        found[:] = server.get("/logs", params={"service": service})["lines"][::-1]
        return len(found) >= count

    eventually(has_all)
    return found


@pytest.mark.skipif(sbin("rsyslogd") is None, reason="needs the Debian package rsyslog")
def test_rsyslog_sends_a_file(syslog: tuple[Server, int], tmp_path: Path) -> None:
    (server, port), service = syslog, unique("rsyslog")
    followed = tmp_path / "shop.log"
    settings = documented('type="omfwd"', port).replace("/var/log/shop.log", str(followed))
    settings = settings.replace('Tag="shop:"', f'Tag="{service}:"')
    (tmp_path / "rsyslog.conf").write_text(f'module(load="imfile" mode="inotify")\n{settings}')
    followed.write_text("level=error payment failed: grüße\nsecond [line]\n")
    options = ("-n", "-i", tmp_path / "pid", "-f", tmp_path / "rsyslog.conf")
    with running(sbin("rsyslogd") or "", *options):
        lines = lines_of(server, service, 2)
    assert [each["body"] for each in lines] == ["level=error payment failed: grüße", "second [line]"]
    assert [each["level"] for each in lines] == ["info", "info"], "that of the setting"


@pytest.mark.skipif(sbin("syslog-ng") is None, reason="needs the Debian package syslog-ng-core")
def test_syslog_ng_sends_a_file(syslog: tuple[Server, int], tmp_path: Path) -> None:
    (server, port), service = syslog, unique("syslogng")
    followed = tmp_path / "shop.log"
    settings = documented('syslog("127.0.0.1"', port).replace("/var/log/shop.log", str(followed))
    (tmp_path / "syslog-ng.conf").write_text("@version: current\n" + settings.replace('"shop"', f'"{service}"'))
    followed.write_text("payment failed: grüße\nsecond [line]\n")
    kept = [f"--{name}={tmp_path / name}" for name in ("persist-file", "pidfile", "control")]
    with running(sbin("syslog-ng") or "", "-F", "--no-caps", "-f", tmp_path / "syslog-ng.conf", *kept):
        lines = lines_of(server, service, 2)
    assert [each["body"] for each in lines] == ["payment failed: grüße", "second [line]"]


@pytest.mark.skipif(
    shutil.which("javac") is None or not all(jar.exists() for jar in JARS),
    reason="needs the Debian packages default-jdk-headless and liblogback-java",
)
def test_logback_sends_what_a_program_logs(syslog: tuple[Server, int], tmp_path: Path) -> None:
    (server, port), service = syslog, unique("logback")
    settings = documented("SyslogAppender", port).replace("shop:", f"{service}:")
    root = '<root level="INFO"><appender-ref ref="SYSLOG"/></root>'
    (tmp_path / "logback.xml").write_text(f"<configuration>{settings}{root}</configuration>")
    (tmp_path / "Shop.java").write_text(PROGRAM)
    path = ":".join(map(str, [tmp_path, *JARS]))
    command = ("java", "-XX:TieredStopAtLevel=1", "-cp", path, str(tmp_path / "Shop.java"))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    lines = lines_of(server, service, 4)
    bodies = [each["body"] for each in lines]
    assert bodies[:2] == ["shop.Payments payment failed: grüße", "shop.Payments broken"]
    assert [each["level"] for each in lines[:2]] == ["error", "warn"]
    assert "java.lang.IllegalStateException: no card" in "".join(bodies[2:])
    assert any("at Shop.main" in body for body in bodies[2:])
