"""The service behind gunicorn: its configuration, and the WSGI application."""
