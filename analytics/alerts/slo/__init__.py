"""Service level objectives: their indicators, error budgets, and the alert rules that they expand into."""
