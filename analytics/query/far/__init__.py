"""Figures that are no longer kept here, or no longer so fine, read from a database that has them."""
