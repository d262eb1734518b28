"""Everything else: services that Apprise (github.com/caronc/apprise) speaks, by the URLs that it defines.

The package is the extra `apprise`. URLs are references to secrets, so that only who runs the server can set them:
Apprise connects by itself, without the limits on addresses and redirects that other receivers have.
"""

from collections.abc import Mapping
from typing import Any

from analytics.alerts.notify.delivery import NotDelivered, ReceiverServices
from analytics.alerts.notify.texts import addresses, lines, title
from analytics.notifications import QueuedMessage

ON_THIS_MACHINE = ("dbus", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows")
"""What Apprise speaks that goes nowhere else."""


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Send a message to all URLs.

    Raises:
        NotDelivered: the package is missing, a URL is not known, or one of the services did not take it.
    """
    try:
        import apprise
    except ImportError:
        raise NotDelivered("the package apprise is missing: pip install apprise") from None
    library: Any = apprise  # most of it has no types
    library.NotificationManager().disable(*ON_THIS_MACHINE)
    sender = library.Apprise(asset=library.AppriseAsset(async_mode=False))
    for number, reference in enumerate(body["urls"], 1):
        if not sender.add(services.secret(reference)):
            raise NotDelivered(f"URL {number} is not one that Apprise knows")
    kind = library.NotifyType.FAILURE if message.firing else library.NotifyType.SUCCESS
    if not sender.notify(
        title=title(message),
        body="\n".join([*lines(message), *addresses(services.public_url, services.links)]),
        notify_type=kind,
    ):
        raise NotDelivered("a service did not take the message; Apprise does not say why")
    return f"taken by {len(body['urls'])} service{'s' * (len(body['urls']) > 1)}"
