"""A real OpenID Connect provider for tests, `oidc-provider` of npm, and visitors who sign in with it."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import requests

from tests.edge.wire import cannot_test, tool
from tests.server import ROOT, START_SECONDS, STOP_SECONDS, Server, free_port

SCRIPT = ROOT / "tests/spec/oidc.mjs"
CLIENT_ID, CLIENT_SECRET = "analytics", "a secret: 100% + more"
Accounts = Mapping[str, Mapping[str, object]]
"""The claims of each account besides its name; those in `userinfo` are in the user info only."""


class OidcProvider:
    """A running provider; a context manager that stops it by its own process id.

    Args:
        server: the service that people sign in to.
        seconds_behind: how far its clock is behind; its ID tokens are valid for 600 seconds.
    """

    def __init__(self, log: Path, server: Server, accounts: Accounts, seconds_behind: int = 0) -> None:
        if not (SCRIPT.parent / "node_modules/oidc-provider").exists():
            cannot_test("oidc-provider is not installed: npm ci in tests/spec")
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self._log = log
        self._environment = {
            **os.environ,
            "PORT": str(self.port),
            "CLIENT_ID": CLIENT_ID,
            "CLIENT_SECRET": CLIENT_SECRET,
            "CALLBACK": f"{server.url}/session/oidc/callback",
            "ACCOUNTS": json.dumps(accounts),
            "AUTH_METHOD": "client_secret_post",
            "KEY_ID": "first",
            "SECONDS_BEHIND": str(seconds_behind),
        }

    @property
    def settings(self) -> dict[str, str]:
        """Settings of a service that uses this provider."""
        return {
            "ANALYTICS_OIDC_ISSUER": self.issuer,
            "ANALYTICS_OIDC_CLIENT_ID": CLIENT_ID,
            "ANALYTICS_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        }

    def set(self, **variables: str) -> None:
        """Change the environment of the next start."""
        self._environment.update(variables)

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([tool("node"), SCRIPT], env=self._environment, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                if requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=2).ok:
                    return self
            except requests.RequestException:
                pass
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the provider did not start:\n{self._log.read_text()}")
            time.sleep(0.05)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process, with all its sessions and keys."""
        self._process.terminate()
        self._process.wait(STOP_SECONDS)


class Visitor(requests.Session):
    """The browser of a person who visits a service, as an HTTP client."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server

    def go(self, url: str) -> requests.Response:
        """GET `url`, or a path of the service, without following redirects."""
        return self.get(urljoin(self._server.url, url), allow_redirects=False, timeout=30)

    def start(self) -> str:
        """Begin a sign-in; returns the address at the provider."""
        answer = self.go("/session/oidc")
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def follow(self, answer: requests.Response) -> str:
        """Follow the provider's redirects; returns the address of its form, or at which it sends the browser back."""
        while answer.is_redirect:
            url = urljoin(answer.url, answer.headers["Location"])
            if url.startswith(self._server.url):
                return url
            answer = self.go(url)
        return re.findall(r'<form[^>]* action="([^"]+)"', answer.text)[0]

    def at_provider(self, login: str, change: Callable[[str], str] = str) -> str:
        """Sign in at the provider; returns where it sends the browser back to. `change` alters the request.

        A browser with a session at the provider is sent back without a form.
        """
        url = self.follow(self.go(change(self.start())))
        if url.startswith(self._server.url):
            return url
        form = {"prompt": "login", "login": login, "password": "any"}
        return self.follow(self.post(url, data=form, allow_redirects=False, timeout=30))

    def sign_in(self, login: str) -> requests.Response:
        """Sign in completely; returns the redirect to the page."""
        return self.go(self.at_provider(login))

    def who(self) -> Any:
        """The answer of GET /session."""
        answer = self.go("/session")
        assert answer.status_code == 200
        return answer.json()
