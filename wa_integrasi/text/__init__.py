"""Rows to what a phone shows: markup, locale, tables, chat templates and the splitting of long messages."""
