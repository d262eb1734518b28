"""Resources that every catalog has from the start, until somebody changes or deletes them."""

from analytics.catalog.collections import REDACTIONS
from analytics.resources import FileResource
from analytics.schemas.redaction import DATA, TAGS

SECRET_FIELDS = FileResource(
    REDACTIONS.name,
    "secrets",
    {
        "fields": [
            "api_key",
            "authorization",
            "cookie",
            "passwd",
            "password",
            "private_key",
            "pwd",
            "proxy-authorization",
            "secret",
            "client_secret",
            "set-cookie",
            "token",
            "access_token",
            "refresh_token",
            "id_token",
            "x-api-key",
        ],
        "applies_to": [DATA, TAGS],
    },
)
"""The rule that masks fields and tags with known secrets."""
DEFAULTS = (SECRET_FIELDS,)
