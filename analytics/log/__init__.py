"""The one way in: every record passes the recorder."""
