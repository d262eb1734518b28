"""Serving with gunicorn: its configuration, and the WSGI application."""
