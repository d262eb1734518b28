"""The single definition of every payload, query and answer, in marshmallow."""
