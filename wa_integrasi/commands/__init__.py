"""Commands that people and programs give: kept in a queue until they are answered."""

from wa_integrasi.commands.queue import Command, CommandQueue, NewCommand, State

__all__ = ["Command", "CommandQueue", "NewCommand", "State"]
