"""Alerts: their states, and the records that change them.

An alert is one combination of labels for which a rule's expression has a value. Its labels include those that the rule
adds, and `alertname`.
"""

from typing import Final, Literal, NamedTuple

from msgspec import Struct

from analytics.points import Labels

NORMAL: Final = "normal"
PENDING: Final = "pending"
FIRING: Final = "firing"
RECOVERING: Final = "recovering"
NO_DATA: Final = "no_data"
ERROR: Final = "error"
AlertState = Literal["normal", "pending", "firing", "recovering", "no_data", "error"]


class AlertKey(NamedTuple):
    """Identifies an alert: its group of rules, the rule, and its labels."""

    group: str
    rule: str
    labels: Labels


class AlertChange(Struct, frozen=True, array_like=True, omit_defaults=True):
    """A change of one alert, as an evaluation found it.

    Attributes:
        rule: identifies the rule in its group.
        state: the state that it enters. `normal` ends the alert.
        is_firing: whether people have to know: in the states `firing` and `recovering`, and in `no_data` and `error`
            where the rule says so.
        value: of the expression; None without one.
        annotations: with their templates filled in.
    """

    rule: str
    labels: Labels
    state: AlertState
    is_firing: bool = False
    value: float | None = None
    annotations: dict[str, str] = {}


class NewAlertStates(Struct, frozen=True, omit_defaults=True):
    """The changes that one evaluation of a group of rules found; `at` is its time in seconds since the epoch."""

    group: str
    at: float
    changes: list[AlertChange]


class Alert(Struct, frozen=True, array_like=True):
    """An alert as the state holds it. Times are in seconds since the epoch.

    Attributes:
        since: when it entered its state.
        started: when its expression began to hold.
        fired: when it began to fire, in this run; None if it has not.
        ended: when it stopped firing; None if it has not.
        number: of its newest change, among those of all alerts.
        ended_before: when it stopped firing in the run before, if that was a short time ago.
    """

    key: AlertKey
    state: AlertState
    since: float
    started: float
    fired: float | None
    ended: float | None
    value: float | None
    annotations: dict[str, str]
    number: int
    ended_before: float | None = None

    @property
    def is_firing(self) -> bool:
        """Whether people have to know of it now."""
        return self.fired is not None and self.ended is None
