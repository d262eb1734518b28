"""Commands: a program on this machine, which gets the message as JSON on its standard input."""

from collections.abc import Mapping
from subprocess import STDOUT
from typing import Any

import msgspec

from analytics.alerts.notify.bodies import webhook_body
from analytics.alerts.notify.delivery import ANSWER_CHARACTERS, NotDelivered, ReceiverServices
from analytics.alerts.notify.programs import run
from analytics.notifications import QueuedMessage

COMMAND_SECONDS = 30.0


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Run the command; what it writes is the answer.

    Raises:
        NotDelivered: commands are not allowed, or it ended with another status than 0.
    """
    if not services.command_allowed:
        raise NotDelivered("commands are not allowed: set ANALYTICS_NOTIFY_COMMAND=1 to allow them")
    given = msgspec.json.encode({"id": message.id, **webhook_body(message, services.public_url, services.links)})
    try:
        output, status = run(body["command"], given, COMMAND_SECONDS, "the command", errors=STDOUT)
    except (OSError, ValueError) as error:
        raise NotDelivered(f"{body['command'][0]} cannot be run ({error})") from None
    said = output.decode(errors="replace").strip()[:ANSWER_CHARACTERS]
    if status:
        raise NotDelivered(f"the command ended with status {status}: {said}")
    return said or "the command ended with status 0"
