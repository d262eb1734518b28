"""Configuration as named, versioned resources: the collections, their secrets, and the files that hold them."""
