"""What a content may be, and that it survives the `content` column."""

from __future__ import annotations

import json

import pytest

from wa_integrasi.content import (
    Button,
    Buttons,
    Choice,
    Content,
    ContentError,
    Document,
    Image,
    Menu,
    Reaction,
    Section,
    Template,
    TemplateButton,
    Text,
    dump_content,
    load_content,
)

EVERY: list[Content] = [
    Text(body="Halo\n*semua* 🙂"),
    Image(link="https://files.example/a.png", caption="a"),
    Document(media_id="1065", filename="a.pdf"),
    Template(name="a", language="id", header=("x",), body=("y",), names=("p", "q")),
    Template(
        name="a", language="en_US", header_media=Image(media_id="1"), buttons=(TemplateButton(index=0, parameter="x"),)
    ),
    Template(name="a", language="id", header_media=Document(link="https://a.example/", filename="a")),
    Buttons(body="x", buttons=(Button(id="1", title="a"), Button(id="2", title="b"))),
    Menu(body="x", button="y", sections=(Section(choices=(Choice(id="1", title="a", description="b"),)),)),
    Reaction(message_id="wamid.1", emoji="👍"),
]


@pytest.mark.parametrize("content", EVERY)
def test_every_content_comes_back_as_it_was(content: Content) -> None:
    assert load_content(content.type, dump_content(content)) == content


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("template", {"name": "a", "language": "id", "header": ["x", "y"]}, "header"),
        ("template", {"name": "a", "language": "id", "body": [""]}, "body.0"),
        ("template", {"name": "A", "language": "id"}, "name"),
        ("template", {"name": "a", "language": "en-US"}, "language"),
        (
            "template",
            {"name": "a", "language": "id", "header": ["x"], "header_media": {"media_id": "1"}},
            "header_media",
        ),
        ("template", {"name": "a", "language": "id", "header_media": {"media_id": "1", "caption": "x"}}, "no caption"),
        ("template", {"name": "a", "language": "id", "body": ["x"], "names": ["a", "b"]}, "names must"),
        ("template", {"name": "a", "language": "id", "buttons": [{"index": 10, "parameter": "x"}]}, "buttons.0.index"),
        ("template", {"name": "a", "language": "id", "buttons": [{"index": 1, "parameter": "x"}] * 2}, "of its own"),
        ("buttons", {"body": "x", "buttons": [{"id": "1", "title": "a"}] * 2}, "of its own"),
        ("menu", {"body": "x", "button": "y", "sections": [{"choices": [{"id": "1" * 201, "title": "a"}]}]}, "id"),
        ("image", {"link": "https://a.example", "media_id": "1"}, "either link or media_id"),
        ("image", {"link": "https://a.example", "file": "0" * 64}, "either link or media_id, or file"),
        ("image", {"file": "../../etc/passwd"}, "file"),
        ("document", {"link": "javascript:alert(1)", "filename": "x"}, "http"),
    ],
)
def test_what_cannot_be_says_which_field(kind: str, fields: object, said: str) -> None:
    with pytest.raises(ContentError, match=said):
        load_content(kind, json.dumps(fields))
