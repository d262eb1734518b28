"""Interprets an answer: the items have outcomes, the batch must be split, or the request must be retried."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from .outcome import ACCEPTED, DUPLICATE, Outcome, Outcomes
from .transport import NO_ANSWER, Answer


class Settled(NamedTuple):
    """Outcomes of all items, in the order of sending."""

    outcomes: Outcomes


class Split(NamedTuple):
    """Send each half on its own: one item may spoil the whole batch."""


class TryAgain(NamedTuple):
    """Send the same items again: the reason, and Retry-After in seconds."""

    why: str
    retry_after: float | None = None


class Denied(NamedTuple):
    """The key is missing or not accepted: the reason, and the outcome of each item if that does not change."""

    why: str
    outcome: Outcome


Verdict = Settled | Split | TryAgain | Denied

DENIED = frozenset({401, 403})
TRY_AGAIN = frozenset({NO_ANSWER, 408, 425, 429})
ABOUT_THE_BODY = frozenset({400, 413, 422})
"""Statuses with which the service rejects a whole body, perhaps because of one item."""


def judge(answer: Answer, count: int, *, receipt: bool) -> Verdict:
    """Interpret the answer to `count` items; `receipt` is whether it should contain a receipt."""
    status, body = answer.status, answer.body or {}
    if status in TRY_AGAIN or status >= 500 or 300 <= status < 400:  # a redirect may come from a captive portal
        return TryAgain(_says(answer), answer.retry_after)
    if 200 <= status < 300 and not receipt:
        return Settled([ACCEPTED] * count) if "message" in body else TryAgain("the answer is not the service's")
    if receipt and (200 <= status < 300 or (status == 400 and "rejected" in body)):
        return _read_receipt(body, count)
    if status in ABOUT_THE_BODY and count > 1:
        return Split()
    error = body.get("error")
    code = str(error["code"]) if isinstance(error, Mapping) and "code" in error else f"http_{status}"
    outcome = Outcome("rejected", code, _says(answer))
    return Denied(outcome.message, outcome) if status in DENIED else Settled([outcome] * count)


def _read_receipt(body: Mapping[str, Any], count: int) -> Verdict:
    counts = [body.get(name) for name in ("accepted", "duplicates", "rejected")]
    accepted, duplicates, rejected = (n if type(n) is int and n >= 0 else count + 1 for n in counts)
    if accepted + duplicates + rejected != count:
        return TryAgain(f"the answer does not account for the {count} items that were sent")
    errors = body.get("errors")
    listed = [error for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []
    named = {index: outcome for index, outcome in map(_rejection, listed) if 0 <= index < count}
    if len(named) == rejected:
        taken = DUPLICATE if duplicates and not accepted else ACCEPTED
        return Settled([named.get(index, taken) for index in range(count)])
    # the receipt does not name all rejected items: send halves, in which accepted items come back as duplicates
    return Split() if count > 1 else Settled([Outcome("rejected", "rejected", "The service does not say why.")])


def _rejection(error: Mapping[str, Any]) -> tuple[int, Outcome]:
    index, name = error.get("index"), error.get("field")
    message = str(error.get("message", ""))
    said = f"{name}: {message}" if name else message
    return index if type(index) is int else -1, Outcome("rejected", str(error.get("code", "rejected")), said)


def _says(answer: Answer) -> str:
    error = (answer.body or {}).get("error")
    message = error.get("message") if isinstance(error, Mapping) else None
    return f"{answer.says}, {message}" if message else answer.says
