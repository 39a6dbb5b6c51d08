"""The groups of `wa` commands."""
