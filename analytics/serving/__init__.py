"""How the service is served: gunicorn, its configuration, and the WSGI entry."""
