"""Factory: builds the service from the settings; the only room where all layers meet."""

from analytics.factory.application import create_app

__all__ = ["create_app"]
