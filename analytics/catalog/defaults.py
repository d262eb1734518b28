"""Resources that every catalog has from the start, until somebody changes or deletes them."""

from analytics.catalog.collections import REDACTIONS
from analytics.resources import FileResource

SECRETS = FileResource(
    REDACTIONS.name,
    "secrets",
    {
        "fields": [
            "api_key",
            "apikey",
            "authorization",
            "cookie",
            "passwd",
            "password",
            "private_key",
            "proxy-authorization",
            "secret",
            "client_secret",
            "set-cookie",
            "token",
            "access_token",
            "refresh_token",
            "id_token",
            "x-api-key",
        ]
    },
)
"""The rule that masks fields with known secrets."""
DEFAULTS = (SECRETS,)
