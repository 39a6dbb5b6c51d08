"""Rows as a file that people open: a spreadsheet, a text with separators, a page to print."""

from __future__ import annotations

from typing import Literal, assert_never

from wa_integrasi.text.attachment.sheet import Attachment, AttachmentError, Sheet

__all__ = ["Attachment", "AttachmentError", "Kind", "Sheet", "attachment"]

Kind = Literal["xlsx", "csv", "pdf"]


def attachment(kind: Kind, sheet: Sheet, name: str) -> Attachment:
    """The rows of `sheet` as a file called `name` with the ending of its kind. Raises `AttachmentError`."""
    match kind:
        case "xlsx":
            from wa_integrasi.text.attachment.spreadsheet import spreadsheet

            made = spreadsheet(sheet)
        case "csv":
            from wa_integrasi.text.attachment.separated import separated

            made = separated(sheet)
        case "pdf":
            from wa_integrasi.text.attachment.page import page

            made = page(sheet)
        case _:
            assert_never(kind)
    return Attachment.of(kind, made, name)
