"""Everything else: services that Apprise (github.com/caronc/apprise) speaks, by the URLs that it defines.

The package is the extra `apprise`. It works in a process of its own, which connects to public addresses alone, as other
receivers do. URLs are references to secrets, so that only who runs the server can set them.
"""

import sys
from collections.abc import Mapping
from subprocess import DEVNULL
from typing import Any

import msgspec

from analytics.alerts.notify.apprise_process import AppriseAnswer, AppriseJob
from analytics.alerts.notify.delivery import NotDelivered, ReceiverServices
from analytics.alerts.notify.programs import run
from analytics.alerts.notify.texts import addresses, lines, title
from analytics.notifications import QueuedMessage

MOST_SECONDS = 60.0
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
FROM_ENVIRONMENT = (
    *("PYTHONPATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *PROXIES,
    *map(str.lower, PROXIES),
)
"""The variables that the process needs beyond those of any program: its modules, certificates and proxies."""


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Send a message to all URLs.

    Raises:
        NotDelivered: the package is missing, a URL is not known, or one of the services did not take it.
    """
    urls = [services.secret(reference) for reference in body["urls"]]
    text = "\n".join([*lines(message), *addresses(services.public_url, services.links)])
    job = AppriseJob(urls, title(message), text, bool(message.firing), services.http.allows_private)
    error = _answer(msgspec.json.encode(job)).error
    if error is not None:
        raise NotDelivered(error)
    return f"taken by {len(urls)} service{'s' * (len(urls) > 1)}"


def _answer(job: bytes) -> AppriseAnswer:
    """The answer of the process."""
    command = [sys.executable, "-m", "analytics.alerts.notify.apprise_process"]
    output, status = run(command, job, MOST_SECONDS, "Apprise", errors=DEVNULL, variables=FROM_ENVIRONMENT)
    try:
        return msgspec.json.decode(output, type=AppriseAnswer)
    except msgspec.DecodeError:
        raise NotDelivered(f"Apprise ended with status {status}") from None
