"""PromQL: a parser's binding, and an evaluator on arrays that sees data only through its storage protocol."""
