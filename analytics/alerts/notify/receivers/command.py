"""Commands: a program on this machine, which gets the message as JSON on its standard input."""

import os
from collections.abc import Mapping
from typing import Any

import msgspec
from gevent import Timeout, subprocess

from analytics.alerts.notify.bodies import webhook_body
from analytics.alerts.notify.delivery import ANSWER_CHARACTERS, NotDelivered, ReceiverServices
from analytics.notifications import QueuedMessage

COMMAND_SECONDS = 30.0
FROM_ENVIRONMENT = ("PATH", "HOME", "LANG", "TZ")
"""The variables that a command gets: none with a secret of the server."""


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Run the command; what it writes is the answer.

    Raises:
        NotDelivered: commands are not allowed, or it ended with another status than 0.
    """
    if not services.command_allowed:
        raise NotDelivered("commands are not allowed: set ANALYTICS_NOTIFY_COMMAND=1 to allow them")
    given = msgspec.json.encode({"id": message.id, **webhook_body(message, services.public_url, services.links)})
    try:
        process = subprocess.Popen(
            body["command"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={name: os.environ[name] for name in FROM_ENVIRONMENT if name in os.environ},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise NotDelivered(f"{body['command'][0]} cannot be run ({error})") from None
    try:
        with Timeout(COMMAND_SECONDS, NotDelivered(f"the command did not end within {COMMAND_SECONDS:g} s")):
            output, _ = process.communicate(given)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    said = output.decode(errors="replace").strip()[:ANSWER_CHARACTERS]
    if process.returncode:
        raise NotDelivered(f"the command ended with status {process.returncode}: {said}")
    return said or "the command ended with status 0"
