"""Values that people watch: read once for all who do, and told of when they pass a limit."""

from wa_integrasi.answering.watching.rounds import Group, Round, Watchers

__all__ = ["Group", "Round", "Watchers"]
