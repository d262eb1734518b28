"""People: the ways to sign in other than by key, as the settings have them."""

from typing import TYPE_CHECKING

from analytics.clock import Clock
from analytics.errors import SettingError
from analytics.people.proxy_users import ProxyUsers
from analytics.people.roles import Roles

if TYPE_CHECKING:
    from analytics.people.provider import Provider  # needs Authlib


class People:
    """How people sign in with an OpenID Connect provider or at a trusted proxy, and what they may do then.

    Attributes:
        groups_claim: the claim of the provider with a person's groups.
        provider: None if none is set up.

    Raises:
        SettingError: settings contradict each other, or Authlib is not installed.
    """

    def __init__(
        self,
        roles: Roles,
        clock: Clock,
        *,
        issuer: str,
        client_id: str,
        client_secret: str,
        groups_claim: str,
        user_header: str,
        groups_header: str,
        has_proxies: bool,
    ) -> None:
        if issuer and not client_id:
            raise SettingError("ANALYTICS_OIDC_ISSUER is set, but ANALYTICS_OIDC_CLIENT_ID is not")
        if user_header and not has_proxies:
            raise SettingError(
                "ANALYTICS_PROXY_USER_HEADER is set, but ANALYTICS_TRUSTED_PROXIES is not: name the proxy that sends it"
            )
        self.can_sign_in = bool(issuer or user_header)
        if self.can_sign_in and not roles.known:
            raise SettingError(
                "nobody could sign in: set ANALYTICS_ADMINS, ANALYTICS_EDITORS or ANALYTICS_VIEWERS to groups or mail "
                "domains"
            )
        self.roles, self.groups_claim = roles, groups_claim
        self.proxy_users = ProxyUsers(user_header, groups_header, roles)
        self.provider = _provider(issuer, client_id, client_secret, groups_claim, clock) if issuer else None

    @property
    def has_admins(self) -> bool:
        """Whether people with the role of an admin can sign in."""
        return self.can_sign_in and self.roles.has_admins


def _provider(issuer: str, client_id: str, client_secret: str, groups_claim: str, clock: Clock) -> "Provider":
    try:
        from analytics.people.provider import Provider
    except ImportError:
        raise SettingError(
            "ANALYTICS_OIDC_ISSUER is set, but Authlib is not installed: pip install 'analytics-dashboard[oidc]'"
        ) from None
    return Provider(issuer, client_id, client_secret, groups_claim, clock)
