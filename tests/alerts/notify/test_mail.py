"""Mail, through a real mail server (aiosmtpd) with TLS and a password."""

import ssl
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from analytics.alerts.notify.delivery import NotDelivered
from tests.alerts.notify.test_receivers import FIRING, RESOLVED, SECRETS, send
from tests.server import free_port

MAIL = {"type": "email", "sender": "alerts@shop.example", "to": ["ann@shop.example", "bob@shop.example"]}


class Mailbox:
    """What the server took; it refuses mails to `refused`."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.addresses: list[list[str]] = []
        self.refused: set[str] = set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        found = BytesParser(EmailMessage, policy=default).parsebytes(envelope.content)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        self.addresses.append(envelope.rcpt_tos)
        return "250 taken"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command = ["openssl", "req", "-x509", "-nodes", "-days", "2", *curve, *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and given.password.decode() == SECRETS["KEY"]
    return AuthResult(success=right and given.login == b"alerts", handled=right)


class Mail:
    """Servers on free ports, and their mailbox."""

    def __init__(self, certificate: tuple[Path, Path]) -> None:
        self.box, self._running = Mailbox(), list[Controller]()
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(*certificate)

    def serve(self, **options: Any) -> str:
        """Start a server; returns its host and port."""
        port = free_port()
        controller = Controller(self.box, hostname="127.0.0.1", port=port, **options)
        controller.start()
        self._running.append(controller)
        return f"localhost:{port}"

    def with_starttls(self) -> str:
        return self.serve(
            tls_context=self._context, require_starttls=True, auth_required=True, authenticator=authenticate
        )

    def with_tls(self) -> str:
        return self.serve(ssl_context=self._context)

    def stop(self) -> None:
        for controller in self._running:
            controller.stop()


@pytest.fixture
def mail(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Mail]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    found = Mail(certificate)
    yield found
    found.stop()


def test_a_mail_has_text_and_html_and_is_one_thread_with_the_next(mail: Mail) -> None:
    server = mail.with_starttls()
    for message in (FIRING, RESOLVED):
        assert send(message, **MAIL, smtp=server, username="alerts", password="${KEY}") == "the mail server took it"
    firing, resolved = mail.box.mails
    assert mail.box.addresses[0] == MAIL["to"]
    assert firing["Subject"] == "[FIRING:1] HighErrorRate (shop)"
    assert resolved["Subject"] == "[RESOLVED] HighErrorRate (shop)"
    assert (firing["Message-ID"], firing["From"]) == ("<msg_1@shop.example>", "alerts@shop.example")
    assert firing["References"] == resolved["References"]
    text, html = firing.get_body(("plain",)), firing.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "firing: shop fails & <b>fails</b> (value 12.5)" in text.get_content()
    assert "shop fails &amp; &lt;b&gt;fails&lt;/b&gt;" in html.get_content()


def test_tls_from_the_beginning_is_possible_and_none_too(mail: Mail) -> None:
    send(**MAIL, smtp=mail.with_tls(), tls="tls")
    send(**MAIL, smtp=mail.serve(), tls="none")
    assert len(mail.box.mails) == 2


def test_what_is_wrong_is_told_without_the_password(
    mail: Mail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secure, plain = mail.with_starttls(), mail.serve()
    SECRETS["WRONG"] = "wr0ng-password"
    with pytest.raises(NotDelivered, match=r"535 5\.7\.8 Authentication credentials invalid"):
        send(**MAIL, smtp=secure, username="alerts", password="${WRONG}")
    with pytest.raises(NotDelivered, match="STARTTLS extension not supported"):
        send(**MAIL, smtp=plain)
    mail.box.refused = {"bob@shop.example"}
    said = "taken, but not for all addresses: bob@shop.example: 550 no such mailbox"
    assert send(**MAIL, smtp=plain, tls="none") == said
    mail.box.refused.add("ann@shop.example")
    with pytest.raises(NotDelivered, match=r"refuses all addresses: ann@shop\.example: 550"):
        send(**MAIL, smtp=plain, tls="none")
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(NotDelivered, match="no TLS connection"):
        send(**MAIL, smtp=mail.with_tls(), tls="tls")
