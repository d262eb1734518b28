"""The senders of all receivers, each a job of its own, made when there is something for it."""

from collections.abc import Callable, Iterable, Mapping, Set
from typing import NamedTuple, Protocol

from analytics.alerts.notify.sender import Trouble
from analytics.jobs.job import Job


class Employs(Protocol):
    """Makes jobs that run as long as requests are served, and ends them."""

    def begin(self, name: str, work: Callable[[], None]) -> Job:
        """Make and start a job whose work runs for ever."""

    def end(self, job: Job) -> None:
        """Stop a job, and forget it."""


class Sends(Protocol):
    """A `MessageSender`, or a `Forwarder`."""

    troubles: dict[int, Trouble]

    def run(self) -> None:
        """Send for ever."""

    def wake(self, *, retries: bool = False) -> None:
        """Look for something to send."""


class _RunningSender(NamedTuple):
    sender: Sends
    job: Job
    forwards: bool


class Senders:
    """Starts and ends senders.

    Args:
        jobs: runs them.
        make: makes the sender of a receiver, `make_forwarder` that of an Alertmanager.
    """

    def __init__(self, jobs: Employs, make: Callable[[str], Sends], make_forwarder: Callable[[str], Sends]) -> None:
        self._jobs, self._make, self._make_forwarder = jobs, make, make_forwarder
        self._senders: dict[str, _RunningSender] = {}

    def wake(self, receivers: Iterable[str], *, retries: bool = False) -> None:
        """Let the senders of these receivers look for messages; starts those that there are not yet."""
        for name in receivers:
            self._sender(name, forwards=False).wake(retries=retries)

    def forward(self, receivers: Iterable[str], *, retries: bool = False) -> None:
        """The same for receivers that are an Alertmanager."""
        for name in receivers:
            self._sender(name, forwards=True).wake(retries=retries)

    def keep(self, sent_to: Set[str], forwarded_to: Set[str]) -> None:
        """End the senders of all receivers but these."""
        for name, running in list(self._senders.items()):
            if name not in (forwarded_to if running.forwards else sent_to):
                self._jobs.end(self._senders.pop(name).job)

    @property
    def troubles(self) -> Mapping[str, Mapping[int, Trouble]]:
        """Messages that were tried in vain, by receiver and number; 0 stands for all alerts that are forwarded."""
        return {name: each.sender.troubles for name, each in self._senders.items() if each.sender.troubles}

    def _sender(self, name: str, *, forwards: bool) -> Sends:
        found = self._senders.get(name)
        if found is None:
            sender = self._make_forwarder(name) if forwards else self._make(name)
            found = self._senders[name] = _RunningSender(
                sender, self._jobs.begin(f"sender to {name}", sender.run), forwards
            )
        return found.sender
