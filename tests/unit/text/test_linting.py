"""What of a chat template a phone would show otherwise than its author means it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from wa_integrasi.text.linting import lint, lint_text

ROOT = Path(__file__).parents[3]
CATALOGS = sorted(ROOT.glob("deployments/demo/**/*.yaml"))


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("Halo\n*tebal", 2, "* has no partner on its line"),
        ("*tebal\ndi sini*", 1, "*…* goes over a line break (to line 2)"),
        ("*tebal*nya", 1, "*…* has a letter, a digit or a value beside a mark outside"),
        ("kata_miring_", 1, "_…_ has a letter, a digit or a value beside a mark outside"),
        ("{{ row.ton }}*ton*", 1, "*…* has a letter, a digit or a value beside a mark outside"),
        ("{{ row.ton | bold }}ton", 1, "*…* has a letter"),
        ("* tebal*", 1, "*…* has a space beside a mark on its inside"),
        ("*Total: *{{ ton }}", 1, "*…* has a space beside a mark on its inside"),
        ('*{{ "x" if ada }}*', 1, "*…* does not format"),
        ("*{{ rows | table }}*", 1, "*…* does not format"),
        ("a\n```\nkode", 2, "``` opens a block that nothing closes"),
        ("```\n{{ a }} " + "x" * 40 + "\n```", 2, "42 columns in a ``` block, of which a phone shows 34"),
        ("{% if a %}\nya\n{% else %}\n_tidak\n{% endif %}", 4, "_ has no partner"),
        ("{% for row in rows %}\n*{{ row.unit }}\n{% endfor %}", 2, "* has no partner"),
        ("**tebal**", 1, "** is of Markdown"),
        ("# Judul", 1, "a # heading is of Markdown"),
        ("[sini](https://a.id)", 1, "a [link](…) is of Markdown"),
        ("| a | b |", 1, "a table of | is of Markdown"),
        ("<b>tebal", 1, "<b> is HTML"),
    ],
)
def test_what_does_not_show_as_meant_is_told_with_its_line(source: str, line: int, said: str) -> None:
    [found] = lint(source)
    assert found.line == line
    assert found.text.startswith(said)


@pytest.mark.parametrize(
    "source",
    [
        "*{{ report.title }}*, {{ slot.label }}",
        "_Data sampai {{ slot.end | datetime }}. Terima kasih._",
        "3 * 4, nama_file, ~5 ton, 2*3",
        "* satu\n* dua\n- *tiga*\n1. _empat_",
        "*{% if a %}ya{% else %}tidak{% endif %}*",
        "{% if a %}*{% endif %}teks{% if a %}*{% endif %}",
        '{{ "✅" if a else "❌" }}*{{ row.unit }}*',
        "*_{{ a }}_* dan `kode *ini*`",
        "```\n*a\n{{ b }}\n```",
        '{{ (a ~ " " ~ b) | trim }}: *{{ c | number }}*.',
        "{# *komentar #}\n{{ rows | table }}\n{{ a | bold }}: {{ b | quote }}",
    ],
)
def test_what_shows_as_meant_is_not_told(source: str) -> None:
    assert lint(source) == []


def test_the_templates_of_the_demo_and_of_the_docs_show_as_meant() -> None:
    texts = [path.read_text(encoding="utf-8") for path in CATALOGS]
    texts += re.findall(r"```yaml\n(version.*?)```", (ROOT / "docs/catalog.md").read_text(encoding="utf-8"), re.DOTALL)
    bodies = [each["body"] for text in texts for each in (yaml.safe_load(text).get("chat_templates") or {}).values()]
    assert len(bodies) > 5
    assert [finding for body in bodies for finding in lint(body)] == []


def test_a_text_is_looked_at_as_it_is_sent() -> None:
    assert [(each.line, each.text[:11]) for each in lint_text("baik\n**\n```\n" + "1" * 35 + "```")] == [
        (2, "*…* does no"),
        (4, "35 columns "),
    ]


def test_thousands_of_marks_are_read_in_time() -> None:
    assert lint("*a " * 5_000)
