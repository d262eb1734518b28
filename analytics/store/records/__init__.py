"""Log lines and spans of the long-term store: a second and a third kind of records beside events."""
