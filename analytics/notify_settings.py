"""Settings of messages about alerts."""

from dataclasses import dataclass

from analytics.converters import PUBLIC_URL, choice
from analytics.request_settings import RequestSettings
from analytics.setting import SettingGroup

NOTIFYING = SettingGroup("Notifications")
YES_OR_NO = choice("0", "1")


@dataclass(frozen=True)
class NotifySettings(RequestSettings):
    """Where messages may go, and where they lead to."""

    public_url: str = NOTIFYING.setting(
        "ANALYTICS_PUBLIC_URL", "", PUBLIC_URL, "address of the service for people, for links in messages; empty: none"
    )
    notify_private: str = NOTIFYING.setting(
        "ANALYTICS_NOTIFY_PRIVATE",
        "0",
        YES_OR_NO,
        "1 to allow messages to receivers on this machine and in private networks",
    )
    notify_command: str = NOTIFYING.setting(
        "ANALYTICS_NOTIFY_COMMAND", "0", YES_OR_NO, "1 to allow receivers that run a command on this machine"
    )
