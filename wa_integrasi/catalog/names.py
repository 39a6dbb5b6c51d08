"""Which names are taken in a folder of catalog files, also where these are not all right."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wa_integrasi.catalog.nodes import Pairs, compose
from wa_integrasi.catalog.problems import Place
from wa_integrasi.catalog.reading import content_of, files_below


def taken_in(folder: Path) -> Mapping[str, Place]:
    """By part, as `reports.rekap-harian`, where it stands. Raises `CatalogError` for a file that cannot be read."""
    taken = {}
    for file in files_below(folder):
        root = compose(content_of(file), str(file)).root
        for section, (_, entries) in root.entries.items() if isinstance(root, Pairs) else ():
            for name, (place, _) in entries.entries.items() if isinstance(entries, Pairs) else ():
                taken[f"{section}.{name}"] = place
    return taken
