"""The files of what people write: noted, fetched, checked, encrypted, scanned, and deleted when their time is over."""

from wa_integrasi.intake.media.reading import MediaError, Medium, count_media, find_medium, list_media, read_media
from wa_integrasi.intake.media.retention import (
    Tidied,
    expire_media,
    rescan_media,
    rewrap_media,
    sweep_media,
    tidy_media,
)
from wa_integrasi.intake.media.rows import LEASE, NewMedia, State, note_media
from wa_integrasi.intake.media.work import LIVES, Fetchers, MediaWork

__all__ = [
    "LEASE",
    "LIVES",
    "Fetchers",
    "MediaError",
    "MediaWork",
    "Medium",
    "NewMedia",
    "State",
    "Tidied",
    "count_media",
    "expire_media",
    "find_medium",
    "list_media",
    "note_media",
    "read_media",
    "rescan_media",
    "rewrap_media",
    "sweep_media",
    "tidy_media",
]
