"""Errors of sending to a service, and of reading from one."""


class FeedError(Exception):
    """Sending failed for good; the message is one line for people."""


class UnreachableError(FeedError):
    """The service did not answer, or was not ready, for longer than the client waits."""


class RefusedError(FeedError):
    """The service refused the request, and a retry would not help."""


class ForeignAnswerError(FeedError):
    """The answer is not one of the analytics service: something else listens at the address."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} does not answer as the analytics service does")


class DeniedError(FeedError):
    """The service does not accept the key, or needs one; nothing else that is sent with it would be accepted either."""
