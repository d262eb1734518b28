"""Access log formats: each parser turns a line of a log into the record of a request."""
