"""Complaints: "Pesan Komplain" as people type it, and `complaint_queue`, which other programs write as well."""

from wa_integrasi.complaints.queue import LEASE, TRIES, ComplaintQueue, State, Taken, mark_answered, try_again
from wa_integrasi.complaints.reading import Complaint, file_complaint, is_heading, read_complaint, ticket_of
from wa_integrasi.complaints.register import Kept, find, id_of, listed

__all__ = [
    "LEASE",
    "TRIES",
    "Complaint",
    "ComplaintQueue",
    "Kept",
    "State",
    "Taken",
    "file_complaint",
    "find",
    "id_of",
    "is_heading",
    "listed",
    "mark_answered",
    "read_complaint",
    "ticket_of",
    "try_again",
]
