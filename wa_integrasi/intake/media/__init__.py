"""The files of what people write: noted with their message, fetched, checked, encrypted, scanned, and deleted in time."""

from wa_integrasi.intake.media.reading import MediaError, Medium, find_medium, list_media, read_media
from wa_integrasi.intake.media.retention import expire_media, rescan_media, rewrap_media, sweep_media
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
    "expire_media",
    "find_medium",
    "list_media",
    "note_media",
    "read_media",
    "rescan_media",
    "rewrap_media",
    "sweep_media",
]
