"""Mail: SMTP with TLS, text and HTML with an inline chart."""

import smtplib
import socket
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate
from html import escape
from typing import Any, NamedTuple

from analytics.alerts.notify.bodies import dedup_key
from analytics.alerts.notify.delivery import ANSWER_CHARACTERS, NotDelivered, ReceiverServices
from analytics.alerts.notify.destinations import Unreachable, connected
from analytics.alerts.notify.http import SOCKET_SECONDS
from analytics.alerts.notify.links import NO_LINKS, MessageLinks
from analytics.alerts.notify.texts import colour, lines, text, title
from analytics.notifications import QueuedMessage

TLS_PORT, PLAIN_PORT = 465, 587
TLS, STARTTLS, NONE = "tls", "starttls", "none"


class MailContent(NamedTuple):
    """What a mail shows besides its alerts; `chart` is a PNG image."""

    public_url: str = ""
    links: MessageLinks = NO_LINKS
    chart: bytes | None = None


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Send a mail."""
    mail = composed(message, body, MailContent(services.public_url, services.links, services.chart(message)))
    try:
        with _server(body, services) as server:
            refused = server.send_message(mail)
    except Unreachable as error:
        raise NotDelivered(str(error)) from None
    except smtplib.SMTPRecipientsRefused as error:
        raise NotDelivered(f"the server refuses all addresses: {_reasons(error.recipients)}") from None
    except smtplib.SMTPResponseException as error:
        raise NotDelivered(f"{error.smtp_code} {_decoded(error.smtp_error)}") from None
    except ssl.SSLError as error:
        raise NotDelivered(f"no TLS connection ({error.reason or error})") from None
    except (OSError, smtplib.SMTPException) as error:
        raise NotDelivered(f"{error or type(error).__name__}") from None
    if refused:
        return f"taken, but not for all addresses: {_reasons(refused)}"
    return "the mail server took it"


def composed(message: QueuedMessage, body: Mapping[str, Any], content: MailContent) -> EmailMessage:
    """The mail; those about one group are a thread."""
    mail = EmailMessage()
    domain = body["sender"].rpartition("@")[2]
    mail["Subject"] = title(message)
    mail["From"] = body["sender"]
    mail["To"] = ", ".join(body["to"])
    mail["Date"] = formatdate(message.at)
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    mail["References"] = f"<{dedup_key(message)}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text(message, content.public_url, content.links))
    image = f"chart.{message.id}@{domain}"
    mail.add_alternative(html(message, content, image), subtype="html")
    if content.chart is not None:
        page = mail.get_payload(1)
        assert isinstance(page, EmailMessage)
        page.add_related(content.chart, "image", "png", cid=f"<{image}>", filename="chart.png", disposition="inline")
    return mail


def html(message: QueuedMessage, content: MailContent, image: str) -> str:
    """The message as HTML; `image` is the id of the chart among the parts of the mail."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines(message))
    named = [(text, url) for text, url in (("Open", content.public_url), ("Silence", content.links.silence)) if url]
    link = f"<p>{' · '.join(map(_link, named))}</p>" if named else ""
    alt = "Values of the last hour"
    chart = f'<p><img src="cid:{escape(image)}" width="480" height="120" alt="{alt}"></p>' if content.chart else ""
    style = f"margin:0 0 12px;padding:8px 12px;color:#fff;background:{colour(message)};font:bold 16px sans-serif"
    return (
        f'<!DOCTYPE html><html><body><p style="{style}">{escape(title(message))}</p>'
        f'<ul style="font:14px sans-serif">{items}</ul>{chart}{link}</body></html>'
    )


def _link(named: tuple[str, str]) -> str:
    return f'<a href="{escape(named[1])}">{named[0]}</a>'


def _server(body: Mapping[str, Any], services: ReceiverServices) -> smtplib.SMTP:
    """A connection that is encrypted and signed in, as the receiver says."""
    host, port = _address(body)
    tls = body.get("tls") or (TLS if port == TLS_PORT else STARTTLS)
    context = ssl.create_default_context()

    class Server(smtplib.SMTP):
        """A connection to an address that is allowed."""

        def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
            found = connected(host, port, timeout, allows_private=services.http.allows_private)
            return context.wrap_socket(found, server_hostname=host) if tls == TLS else found

    server = Server(host, port, timeout=SOCKET_SECONDS)
    try:
        if tls == STARTTLS:
            server.starttls(context=context)
        if body.get("username") is not None:
            password = body.get("password")
            server.login(body["username"], "" if password is None else services.secret(password))
    except BaseException:
        server.close()
        raise
    return server


def _address(body: Mapping[str, Any]) -> tuple[str, int]:
    host, _, port = body["smtp"].rpartition(":")
    if host and port.isdigit():
        return host.strip("[]"), int(port)
    return body["smtp"].strip("[]"), TLS_PORT if body.get("tls") == TLS else PLAIN_PORT


def _reasons(refused: Mapping[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{address}: {code} {_decoded(said)}" for address, (code, said) in refused.items())


def _decoded(said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:ANSWER_CHARACTERS]
