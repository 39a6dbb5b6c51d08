"""The picture of a chat."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from wa_integrasi.text import phone
from wa_integrasi.text.phone import Bubble, phone_picture


def opened(*bubbles: Bubble) -> Image.Image:
    return Image.open(io.BytesIO(phone_picture(bubbles)))


def written(text: str) -> list[str]:
    return ["".join(piece.text for piece in line) for line in phone._lines(text, 900)]


def test_lines_are_those_of_the_message() -> None:
    assert written("Selamat pagi.\n\n*Rekap* ✅ baik\n- satu\n- dua\n> kutipan\n```a  b\nc```\nakhir") == [
        *("Selamat pagi.", "", "Rekap ✔ baik", "• satu", "• dua", "kutipan", "a  b", "c", "akhir")
    ]


def test_long_lines_are_broken_between_words_and_long_words_within() -> None:
    lines = written("kata " * 40 + "x" * 200)
    assert len(lines) > 5
    assert "".join(lines).replace(" ", "") == "kata" * 40 + "x" * 200
    assert all(phone._font(frozenset()).getlength(line) <= 900 for line in lines)


@pytest.mark.parametrize("text", ["", "*", "```", "\n\n", "日本 😀", "<b>&amp;</b>"])
def test_any_text_can_be_drawn(text: str) -> None:
    assert opened(Bubble(text)).width == 1080


def test_pictures_and_files_make_a_bubble_higher() -> None:
    chart = io.BytesIO()
    Image.new("RGB", (1080, 1080), "#ff0000").save(chart, "PNG")
    both = opened(Bubble("a", picture=chart.getvalue()), Bubble("b", file="rekap.xlsx"))
    assert both.height > 1200
    assert both.getpixel((540, 500)) == (255, 0, 0)
    assert phone_picture([Bubble("a")]) == phone_picture([Bubble("a")])


def test_both_themes_are_drawn_with_letters_that_stand_out() -> None:
    for dark in (False, True):
        drawn = Image.open(io.BytesIO(phone_picture([Bubble("Halo ✅ ⚠️ ❌")], dark=dark))).convert("L")
        levels = [level for level, count in enumerate(drawn.histogram()) if count > 50]
        assert max(levels) - min(levels) > 180
        assert (drawn.getpixel((2, 2)) < 60) is dark
