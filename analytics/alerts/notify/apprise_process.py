"""Process that sends one message with Apprise, to public addresses alone unless others are allowed.

Apprise connects by itself, so each of its connections is checked where Python makes it. That holds for the whole
process and for good, which is why it is one of its own. Reads an `AppriseJob` as JSON, and writes an `AppriseAnswer`.
"""

import sys
from typing import Any

import msgspec

from analytics.alerts.notify.destinations import is_public

ON_THIS_MACHINE = ("dbus", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows")
"""What Apprise speaks that goes nowhere else."""
CONNECTING = ("socket.connect", "socket.sendto", "socket.sendmsg")
"""Events of Python when a socket is about to be used; their second argument is the address."""


class AppriseJob(msgspec.Struct):
    """A message, and the URLs that it is sent to."""

    urls: list[str]
    title: str
    body: str
    is_failure: bool
    allows_private: bool


class AppriseAnswer(msgspec.Struct):
    """The outcome: an error for people, without any secret; None if all services took the message."""

    error: str | None


class PublicOnly:
    """Refuses connections to addresses that are not public.

    Attributes:
        refused: the hosts of connections that were refused.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []

    def hold(self) -> None:
        """Check all connections of this process from now on."""
        sys.addaudithook(self.check)

    def check(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at an event of Python.

        Raises:
            PermissionError: it is a connection to an address that is not public.
        """
        if event not in CONNECTING:
            return
        address = arguments[-1]
        if address is not None and not _is_public_address(address):
            host = str(address[0]) if isinstance(address, tuple) and address else "a socket of this machine"
            self.refused.append(host)
            raise PermissionError(f"{host} is no public address")


def main() -> None:
    """Send the message on the standard input."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=AppriseJob)
    sys.stdout.buffer.write(msgspec.json.encode(AppriseAnswer(send(job))))


def send(job: AppriseJob) -> str | None:
    """Send a message; returns what went wrong."""
    try:
        import apprise
        import requests
    except ImportError:
        return "the package apprise is missing: pip install apprise"
    library: Any = apprise  # most of it has no types
    requests.Session.get_redirect_target = lambda self, resp: None  # type: ignore[method-assign]  # none is followed
    library.NotificationManager().disable(*ON_THIS_MACHINE)
    sender = library.Apprise(asset=library.AppriseAsset(async_mode=False))
    for number, url in enumerate(job.urls, 1):
        if not sender.add(url):
            return f"URL {number} is not one that Apprise knows"
    public = PublicOnly()
    if not job.allows_private:
        public.hold()
    kind = library.NotifyType.FAILURE if job.is_failure else library.NotifyType.SUCCESS
    if sender.notify(title=job.title, body=job.body, notify_type=kind):
        return None
    if public.refused:
        return (
            f"{public.refused[0]} is no public address: set ANALYTICS_NOTIFY_PRIVATE=1 to allow requests to this "
            "machine and to private networks"
        )
    return "a service did not take the message; Apprise does not say why"


def _is_public_address(address: Any) -> bool:
    """Whether the address of a socket is on the public internet; a name that is yet to be resolved is not."""
    try:
        return isinstance(address, tuple) and is_public(str(address[0]))
    except ValueError:
        return False


if __name__ == "__main__":
    main()
