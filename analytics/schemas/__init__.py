"""Marshmallow schemas: the single definition of every payload, query and answer."""
