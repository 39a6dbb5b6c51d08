"""How it is run: the only place that puts the parts together."""
