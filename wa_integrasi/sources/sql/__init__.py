"""SQL databases that reports read from: one dialect a file, one guard, one reader."""

from wa_integrasi.sources.sql.database import SqlDatabase

__all__ = ["SqlDatabase"]
