"""The live edge: the hub and the connections that it feeds."""
