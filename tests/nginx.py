"""Debian's nginx for tests, in front of a service: with TLS, an own folder and free ports."""

import os
import socket
import subprocess
import time
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from shutil import which
from types import TracebackType
from typing import NamedTuple, Self

from tests.docs.pages import blocks_of
from tests.edge.wire import cannot_test, tool
from tests.server import ROOT, free_port

START_SECONDS = 30
STOP_SECONDS = 15
GUIDE = ROOT / "docs" / "howto" / "nginx.md"
SIGN_IN = ROOT / "docs" / "howto" / "sign-in.md"
CONFIGURATION = """\
daemon off;
pid {folder}/nginx.pid;
{user}worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{servers}
}}
"""


class Identity(NamedTuple):
    """The files of a self-signed certificate for localhost and 127.0.0.1, and of its key."""

    certificate: Path
    key: Path

    @property
    def pin(self) -> str:
        """The hash of the public key, for Chromium's list of trusted certificates."""
        public = subprocess.run(
            [tool("openssl"), "x509", "-in", self.certificate, "-noout", "-pubkey"], check=True, capture_output=True
        ).stdout
        key = b64decode(b"".join(line for line in public.splitlines() if not line.startswith(b"-")))
        return b64encode(sha256(key).digest()).decode()


def make_identity(folder: Path) -> Identity:
    """Make a certificate in `folder`."""
    made = Identity(folder / "certificate.pem", folder / "key.pem")
    subprocess.run(
        [
            *(tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", made.key, "-out", made.certificate),
        ],
        check=True,
        capture_output=True,
    )
    return made


def documented_examples() -> tuple[str, str]:
    """The examples of the documentation: a server, and a location below a path."""
    server, location = blocks_of("nginx", GUIDE)
    return server.text, location.text


def substituted(server: str, upstream: int) -> str:
    """An example of the documentation with the names and ports of a test."""
    names = {
        "listen 443 ssl;": "listen 127.0.0.1:PORT ssl;",
        "stats.example;": "localhost;",
        "/etc/ssl/certs/stats.example.pem": "CERTIFICATE",
        "/etc/ssl/private/stats.example.key": "KEY",
        "127.0.0.1:8099": f"127.0.0.1:{upstream}",
    }
    for name, own in names.items():
        assert name in server, name
        server = server.replace(name, own)
    return server


def installed() -> str:
    """The path of nginx, which may not be in PATH."""
    return which("nginx") or which("/usr/sbin/nginx") or cannot_test("nginx is not installed")


class Nginx:
    """A running nginx; a context manager.

    Args:
        servers: its `server` blocks, in which PORT stands for the port it listens on, and CERTIFICATE and KEY for the
            files of `identity`.
    """

    def __init__(self, folder: Path, servers: str, identity: Identity) -> None:
        program, self._folder = installed(), folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = identity.certificate
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        servers = servers.replace("PORT", str(self.port))
        servers = servers.replace("CERTIFICATE", str(self.certificate)).replace("KEY", str(identity.key))
        user = "user root;\n" if os.geteuid() == 0 else ""  # nginx's default user cannot access the folder
        path = folder / "nginx.conf"
        path.write_text(CONFIGURATION.format(folder=folder, user=user, servers=servers))
        self._command = [program, "-p", str(folder), "-c", str(path), "-e", str(folder / "error.log")]

    def __enter__(self) -> Self:
        with (self._folder / "output.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self._stop()
                    raise RuntimeError(f"nginx did not start:\n{self.log()}") from None
                time.sleep(0.05)
            else:
                return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def log(self) -> str:
        """The error log."""
        return "".join(path.read_text() for path in sorted(self._folder.glob("*.log")))

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
