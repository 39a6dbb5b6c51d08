"""May it go now, and if it failed, what then? Decisions as data, without a network or a database."""
