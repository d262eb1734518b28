"""Receivers: one file for each type, with a function `deliver` (see `delivery.Deliver`)."""
