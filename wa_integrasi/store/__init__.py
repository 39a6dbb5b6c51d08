"""The database: its tables, its engine and its migrations."""
