"""What stands below an answer, letter by letter, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wa_integrasi.answering.fetching import Found
from wa_integrasi.answering.leaves import Leaf
from wa_integrasi.answering.telling import answer_of
from wa_integrasi.catalog.models import Catalog
from wa_integrasi.recipient import Recipient
from wa_integrasi.reporting import Addressee
from wa_integrasi.sources.base import Rows
from wa_integrasi.sources.pi import COLUMNS

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
TAGS = ("BLR1.TI-01", "BLR2.TI-01", "*BLR3*", "BLR4.TI-01", "BLR5.TI-01", "BLR6.TI-01")


def reading(tag: str, quality: str = "good", age_s: float = 0) -> tuple[Any, ...]:
    value = None if quality == "bad" else 520.0
    return tag, NOW - timedelta(seconds=age_s), value, "°C", quality, None, None, None


def told(rows: list[tuple[Any, ...]], language: str, body: str = "suhu", **more: Any) -> str:
    trigger = {"title": "Suhu", "phrases": ["suhu"], "source": "pi", "template": "t", "kind": "pi", "tags": ["X"]}
    document = {"version": 1, "chat_templates": {"t": {"body": body, "language": language}}}
    catalog = Catalog.model_validate({**document, "triggers": {"suhu": trigger | more}})
    leaf = Leaf("suhu", catalog.triggers["suhu"], {}, None)
    to = Addressee(Recipient.parse("+6281234567890"), "Budi", "", language)
    found = Found(Rows(COLUMNS, tuple(rows)), NOW, "pi")
    answer = answer_of([leaf], [found], catalog, to, "Asia/Jakarta", "K1")
    assert not answer.troubles
    return answer.text.partition("suhu\n")[2]


GOLDEN = [
    (
        "good",
        {},
        [reading(TAGS[0])],
        "_pi, 20 Nov 2026 10.00 WIB, kualitas baik_",
        "_pi, Nov 20, 2026 10:00 AM WIB, quality good_",
    ),
    (
        "bad, by name",
        {},
        [*(reading(tag, "bad") for tag in TAGS[:3]), reading(TAGS[3])],
        "_pi, 20 Nov 2026 10.00 WIB_\n⚠️ _3 tag buruk: BLR1.TI-01, BLR2.TI-01, ∗BLR3∗_",
        "_pi, Nov 20, 2026 10:00 AM WIB_\n⚠️ _3 tags bad: BLR1.TI-01, BLR2.TI-01, ∗BLR3∗_",
    ),
    (
        "many are counted",
        {},
        [reading(tag, "bad") for tag in TAGS],
        "_pi, 20 Nov 2026 10.00 WIB_\n⚠️ _6 tag buruk_",
        "_pi, Nov 20, 2026 10:00 AM WIB_\n⚠️ _6 tags bad_",
    ),
    (
        "of every kind",
        {"max_age_s": 600},
        [
            reading(TAGS[0], "bad"),
            reading(TAGS[1], "questionable"),
            reading(TAGS[3], "substituted"),
            reading(TAGS[4], age_s=601),
            reading(TAGS[5]),
        ],
        (
            "_pi, 20 Nov 2026 09.49 – 20 Nov 2026 10.00 WIB_\n⚠️ _1 tag buruk: BLR1.TI-01; 1 tag diragukan: BLR2.TI-01; "
            "1 tag bernilai pengganti: BLR4.TI-01; 1 tag berdata lama (lebih dari 10 menit): BLR5.TI-01_"
        ),
        (
            "_pi, Nov 20, 2026 9:49 AM – Nov 20, 2026 10:00 AM WIB_\n"
            "⚠️ _1 tag bad: BLR1.TI-01; 1 tag questionable: BLR2.TI-01; 1 tag substituted: BLR4.TI-01; "
            "1 tag stale (older than 10 minutes): BLR5.TI-01_"
        ),
    ),
    (
        "some values of a tag",
        {"read": "recorded", "arguments": [{"name": "hari", "kind": "date"}]},
        [reading(TAGS[0], age_s=90_000), reading(TAGS[0], "bad"), reading(TAGS[1])],
        "_pi, 20 Nov 2026 10.00 WIB_\n⚠️ _1 tag sebagian buruk: BLR1.TI-01_",
        "_pi, Nov 20, 2026 10:00 AM WIB_\n⚠️ _1 tag partly bad: BLR1.TI-01_",
    ),
    (
        "an old value that may be so",
        {},
        [reading(TAGS[0], age_s=86_400)],
        "_pi, 19 Nov 2026 10.00 WIB, kualitas baik_",
        "_pi, Nov 19, 2026 10:00 AM WIB, quality good_",
    ),
]


@pytest.mark.parametrize(
    ("more", "rows", "indonesian", "english"), [case[1:] for case in GOLDEN], ids=[c[0] for c in GOLDEN]
)
def test_golden(more: dict[str, Any], rows: list[tuple[Any, ...]], indonesian: str, english: str) -> None:
    assert told(rows, "id", **more) == indonesian
    assert told(rows, "en", **more) == english


def test_a_template_may_say_it_itself() -> None:
    rows = [reading(TAGS[0], "bad")]
    assert told(rows, "id", "suhu\n{{ quality }}") == "1 tag buruk: BLR1.TI-01\n_pi, 20 Nov 2026 10.00 WIB_"
    assert told(rows, "id", "suhu\n{{ source }} {{ now | time }}") == ("pi 10.00 WIB\n⚠️ _1 tag buruk: BLR1.TI-01_"), (
        "what is wrong with the data is never left out"
    )


def test_of_a_database_no_quality_is_known() -> None:
    sql = {"kind": "sql", "query": "SELECT 1 AS ton"}
    document = {"version": 1, "chat_templates": {"t": {"body": "suhu"}}}
    trigger = {"title": "Suhu", "phrases": ["suhu"], "source": "pabrik", "template": "t", **sql}
    catalog = Catalog.model_validate({**document, "triggers": {"suhu": trigger}})
    found = Found(Rows(("ton",), ((1,),)), NOW, "pabrik")
    to = Addressee(Recipient.parse("+6281234567890"), "Budi", "", "id")
    leaf = Leaf("suhu", catalog.triggers["suhu"], {}, None)
    answer = answer_of([leaf], [found], catalog, to, "Asia/Jakarta", "K1")
    assert answer.text == "suhu\n_pabrik, 20 Nov 2026 10.00 WIB_"
