"""What operators see: data as it was typed, and only what we meant in bold."""

import re
from html import escape as html_escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_integrasi.text.markup import (
    BORDER,
    Markup,
    bold,
    bullet,
    clean,
    code_block,
    escape,
    italic,
    mono,
    quote,
    strike,
    to_html,
    to_plain,
)

TRICKY = st.text(alphabet="*_~`> -+1.a Bé😀\n\t", max_size=30) | st.text(max_size=30)


@pytest.mark.parametrize(
    "harmless",
    [
        "Gardu Induk Cawang",
        "nama_file_rekap.csv",
        "3 * 4 * 5 = 60",
        "2*3*4",
        "-5 °C",
        "2.5",
        "a > b",
        "https://contoh.id/a_b?c=d_e",
        "👩‍👩‍👧 keluarga é ع",
    ],
)
def test_what_cannot_format_is_not_touched(harmless: str) -> None:
    assert escape(harmless) == harmless


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("*tebal*", "∗tebal∗"),
        ("_miring_", "ˍmiringˍ"),
        ("~coret~", "∼coret∼"),
        ("`kode` ```blok```", "ˋkodeˋ ˋˋˋblokˋˋˋ"),
        ("*", "∗"),
        ("5*", "5∗"),
        ("* poin", "∗ poin"),
        ("- poin", "\u2060- poin"),
        ("a\n> kutip\n12. dua belas", "a\n\u2060> kutip\n\u206012. dua belas"),
        ("-", "\u2060-"),
        ("https://contoh.id/_a_/~budi", "https://contoh.id/%5Fa%5F/%7Ebudi"),
    ],
)
def test_marks_in_data_become_what_looks_like_them(data: str, shown: str) -> None:
    assert escape(data) == shown


def test_escaping_keeps_the_length_of_a_line_but_for_list_marks_and_links() -> None:
    assert len(escape("*a* _b_ ~c~ `d`")) == len("*a* _b_ ~c~ `d`")


def test_data_cannot_turn_its_line_around_or_hold_a_section_border() -> None:
    assert escape("Rp\u202e001\u2066 \u200f\x00\x1b[31m\ufeff\ud800") == "Rp001 [31m"
    assert escape(f"a{BORDER}b\x1dc") == "abc"
    assert escape("a\r\nb\rc\u2028d\x0be") == "a\nb\nc\nd\ne"


def test_text_is_escaped_once() -> None:
    assert bold(italic("*a*")) == "*_∗a∗_*"
    assert escape(escape("*a*")) == "∗a∗"
    assert Markup("*a* ") + "*b*" == "*a* ∗b∗"
    assert "*b* " + bold("a") == "∗b∗ *a*"
    assert Markup("\n").join([bold("a"), "*b*"]) == "*a*\n∗b∗"
    assert isinstance(Markup(", ").join(["a"]), Markup)


def test_marks_never_cross_a_line_and_spaces_stay_outside() -> None:
    assert bold("  Rekap harian \n\nUnit 1") == "  *Rekap harian* \n\n*Unit 1*"
    assert italic("a\nb") == "_a_\n_b_"
    assert strike("a") == "~a~"
    assert mono("x * y_") == "`x * y_`"
    assert bold(bold("a")) == "*a*"
    assert [mark("") for mark in (bold, italic, strike, mono, code_block, quote, bullet)] == [""] * 7
    assert [mark(" \n ") for mark in (bold, italic, strike, mono)] == [" \n "] * 4


def test_blocks_quotes_and_lists() -> None:
    assert code_block("a  b\n```c") == "```a  b\nˋˋˋc```"
    assert bold(code_block("a\nb")) == "```a\nb```"
    assert quote("a\n\n- b") == "> a\n\n> \u2060- b"
    assert bullet("a\nb") == "- a\n- b"


def test_a_phone_shows_what_was_meant() -> None:
    text = "*Rekap* _hari ~ini~_ `a*b*` 2*3*4\n- satu\n* *dua*\n1. x\n2. y\n> kutip _m_\n> dua\n\nakhir"
    assert to_html(text) == (
        "<strong>Rekap</strong> <em>hari <s>ini</s></em> <code>a*b*</code> 2*3*4"
        "<ul><li>satu</li><li><strong>dua</strong></li></ul>"
        '<ol><li value="1">x</li><li value="2">y</li></ol>'
        "<blockquote>kutip <em>m</em><br>dua</blockquote><br>akhir"
    )


def test_a_phone_shows_blocks_as_they_are() -> None:
    assert to_html("a\n```x  *y*\n<b>```\nb ```c``` *d\ne*") == (
        "a<pre>x  *y*\n&lt;b&gt;</pre>b <code>c</code> *d<br>e*"
    )
    assert to_html("```tanpa akhir") == "```tanpa akhir"
    assert to_html(f"a\n{BORDER}\nb") == "a<br><br>b"


def test_plain_text_has_no_marks() -> None:
    assert to_plain("*Rekap* _a_ ```x\ny``` `z`\n- b") == "Rekap a x\ny z\n- b"
    assert to_plain(escape("- a\n*b*")) == "- a\n∗b∗"


@pytest.mark.parametrize("attack", ["<script>alert(1)</script>", '" onload="x', "*<img src=x>*", "```\n</pre><b>```"])
def test_html_holds_no_tag_of_the_text(attack: str) -> None:
    inner = re.sub(r"</?(strong|pre|br|code)>", "", to_html(attack))
    assert "<" not in inner
    assert '"' not in inner


@settings(deadline=None)
@given(TRICKY)
def test_no_data_formats(data: str) -> None:
    shown = to_html(escape(data))
    assert shown == html_escape(escape(data)).replace("\n", "<br>")


@settings(deadline=None)
@given(st.sampled_from("*_~"), TRICKY)
def test_no_data_ends_the_formatting_around_it(mark: str, data: str) -> None:
    line = clean(data).replace("\n", "").strip()
    if line:
        tag = {"*": "strong", "_": "em", "~": "s"}[mark]
        assert to_html(f"{mark}{escape(line)}{mark}") == f"<{tag}>{html_escape(escape(line))}</{tag}>"


@settings(deadline=None)
@given(TRICKY, TRICKY)
def test_no_data_formats_what_follows_it(first: str, second: str) -> None:
    together = to_html(escape(first) + ": " + escape(second))
    assert not re.search(r"<(?!br>)", together)


@settings(deadline=None)
@given(TRICKY)
def test_each_line_of_data_is_bold(data: str) -> None:
    for line, marked in zip(clean(data).split("\n"), bold(data).split("\n"), strict=True):
        core = html_escape(escape(line.strip()))
        assert to_html(marked).strip() == (f"<strong>{core}</strong>" if core else "")


@settings(deadline=None)
@given(TRICKY)
def test_monospace_shows_everything_but_backticks(data: str) -> None:
    line = clean(data).replace("\n", "").strip()
    if line:
        assert to_html(mono(line)) == f"<code>{html_escape(line).replace('`', 'ˋ')}</code>"


@settings(deadline=None)
@given(st.text(alphabet="*_~` ab\n<>&", max_size=60))
def test_any_markup_gives_balanced_html(text: str) -> None:
    open_tags: list[str] = []
    for closing, tag in re.findall(r"<(/?)(\w+)[^>]*>", to_html(text)):
        if tag == "br":
            continue
        if closing:
            assert open_tags.pop() == tag
        else:
            open_tags.append(tag)
    assert not open_tags
