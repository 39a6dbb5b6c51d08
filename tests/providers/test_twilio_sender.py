"""Twilio's requests, what to do about each of its answers, and how a lost answer is found again."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from tests.providers.channels import TWILIO_HOOK, TWILIO_NUMBER, TWILIO_SID, TWILIO_TOKEN
from wa_integrasi.content import Buttons, Content, Document, Image, Template, Text
from wa_integrasi.providers.base import Accepted, Action, Failed, Missing, Outbound, Unanswered
from wa_integrasi.providers.twilio import TwilioConfig, TwilioSender, request_form
from wa_integrasi.providers.twilio_errors import _CODES, ACTIONS
from wa_integrasi.recipient import Recipient

SPEC = json.loads((Path(__file__).parent / "specs" / "twilio.json").read_text())
SITI = Recipient.parse("+6281234567890")
SERVICE = "MG" + "0" * 32
CONTENT = "HX" + "a1" * 16
BEGAN = datetime(2026, 11, 21, 0, 0, 10, 400_000, tzinfo=UTC)


def config(**changes: Any) -> TwilioConfig:
    given = {
        "account_sid": TWILIO_SID,
        "secret": TWILIO_TOKEN,
        "sender": TWILIO_NUMBER,
        "webhook_url": TWILIO_HOOK,
        "content_sids": {"rekap_harian:id": CONTENT},
    }
    return TwilioConfig(**{**given, **changes})


def outbound(content: Content | None = None) -> Outbound:
    return Outbound(SITI, content or Text(body="Halo"), "tok en.1")


def form_of(content: Content, **changes: Any) -> dict[str, str]:
    form = request_form(outbound(content), config(**changes))
    assert isinstance(form, dict)
    return form


def check_with_spec(form: dict[str, str]) -> None:
    create = SPEC["create"]
    for name, value in form.items():
        schema = create["properties"][name]
        assert re.search(schema.get("pattern", ""), value)
        assert schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**6)
    assert set(create["required"]) <= set(form)
    snake = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in form}
    assert all(snake & set(either) for either in create["conditional"])


CONTENTS: list[Content] = [
    Text(body="*Rekap* 🙂"),
    Image(link="https://files.example/a.png", caption="Grafik"),
    Document(link="https://files.example/a.pdf", filename="a.pdf"),
    Template(name="rekap_harian", language="id", body=("12", "aman")),
]


class TestRequest:
    @pytest.mark.parametrize("content", CONTENTS, ids=lambda content: content.type)
    @pytest.mark.parametrize("sender", [TWILIO_NUMBER, SERVICE])
    def test_it_is_what_twilio_describes(self, content: Content, sender: str) -> None:
        check_with_spec(form_of(content, sender=sender))

    async def test_it_goes_as_a_form_with_the_accounts_credentials(self, start: Any, answer: Any) -> None:
        server = await start(answer(201, SPEC["created"]))
        async with TwilioSender(config(api_url=server.url)) as sender:
            assert await sender.send(outbound(Text(body="1 + 1 = 2 & 🙂"))) == Accepted(SPEC["created"]["sid"])
        (request,) = server.requests
        assert request.line == f"POST /2010-04-01/Accounts/{TWILIO_SID}/Messages.json HTTP/1.1"
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert request.headers["authorization"].startswith("Basic ")
        assert dict(parse_qsl(request.body.decode())) == {
            "To": "whatsapp:+6281234567890",
            "From": "whatsapp:+622150001234",
            "Body": "1 + 1 = 2 & 🙂",
            "StatusCallback": f"{TWILIO_HOOK}?attempt=tok%20en.1",
        }

    def test_a_messaging_service_picks_the_number(self) -> None:
        form = form_of(Text(body="x"), sender=SERVICE)
        assert form["MessagingServiceSid"] == SERVICE
        assert "From" not in form

    def test_a_template_is_a_content_whose_variables_are_numbered_through(self) -> None:
        template = Template.model_validate(
            {
                "name": "rekap_harian",
                "language": "id",
                "header": ["PLTU"],
                "body": ["12", "aman"],
                "buttons": [{"index": 1, "parameter": "b"}, {"index": 0, "parameter": "a"}],
            }
        )
        form = form_of(template)
        assert form["ContentSid"] == CONTENT
        variables = {"1": "PLTU", "2": "12", "3": "aman", "4": "a", "5": "b"}
        assert json.loads(form["ContentVariables"]) == variables

    def test_named_parameters_keep_their_names(self) -> None:
        template = Template(name="rekap_harian", language="id", body=("12",), names=("jumlah",))
        assert json.loads(form_of(template)["ContentVariables"]) == {"jumlah": "12"}

    def test_a_template_without_parameters_has_no_variables(self) -> None:
        assert "ContentVariables" not in form_of(Template(name="rekap_harian", language="id"))

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (Template(name="rekap_harian", language="en"), "no ContentSid is known for the template rekap_harian:en"),
            (
                Template(name="rekap_harian", language="id", header_media=Image(link="https://x/y.png")),
                "Twilio keeps the file at the head of a template in its content",
            ),
            (Image(media_id="123"), "Twilio sends a file by its link, this one has none"),
            (Buttons.model_validate({"body": "x", "buttons": [{"id": "1", "title": "x"}]}), "Twilio sends no buttons"),
        ],
    )
    async def test_what_it_cannot_send_is_refused_unsent(
        self, start: Any, answer: Any, content: Content, reason: str
    ) -> None:
        server = await start(answer(201, SPEC["created"]))
        async with TwilioSender(config(api_url=server.url)) as sender:
            outcome = await sender.send(outbound(content))
        assert isinstance(outcome, Failed)
        assert (outcome.action, outcome.text) == (Action.DEAD, reason)
        assert not server.requests

    @pytest.mark.parametrize(
        "wrong",
        [
            *({"account_sid": "AC1"}, {"secret": "two words"}, {"sender": "0812"}, {"sender": "MG1"}),
            *({"sender": "whatsapp:+622150001234"}, {"api_key_sid": "SK1"}, {"api_url": "https://u:p@api.twilio.com"}),
            *({"webhook_url": "wa.example.id"}, {"webhook_url": f"{TWILIO_HOOK}?a=secret"}),
            *({"content_sids": {"rekap": CONTENT}}, {"content_sids": {"rekap:id": "secret"}}),
        ],
    )
    def test_wrong_configuration_says_what_is_right(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=next(iter(wrong))) as error:
            config(**wrong)
        assert str(next(iter(wrong.values()))) not in str(error.value)

    def test_the_secret_is_not_shown(self) -> None:
        assert TWILIO_TOKEN not in repr(config())


FACTS = {
    Action.NEEDS_TEMPLATE: "63016",
    Action.RETRY: "63018 20429 21611 63012",
    Action.HOLD_ACCOUNT: "20003 20404 21212 21606 63007 63020",
    Action.OPTED_OUT: "21610 63014",
    Action.DEFER: "63032 63049",
    Action.HOLD_TEMPLATE: "63027 63040 63041 63042",
    Action.DEAD: "63024 63003 21211 21617 63015 63021",
}


class TestAnswers:
    async def send(self, start: Any, answered: Any) -> Any:
        server = await start(answered)
        async with TwilioSender(config(api_url=server.url)) as sender:
            return await sender.send(outbound())

    @pytest.mark.parametrize(
        ("code", "action"), [(int(code), action) for action, codes in FACTS.items() for code in codes.split()]
    )
    async def test_codes(self, start: Any, answer: Any, code: int, action: Action) -> None:
        refusal = {"code": code, "message": "Twilio's words", "more_info": "https://x", "status": 400}
        assert await self.send(start, answer(400, refusal)) == Failed(action, str(code), "Twilio's words")

    @pytest.mark.parametrize(
        ("status", "action"), [(400, Action.DEAD), (401, Action.HOLD_ACCOUNT), (429, Action.RETRY)]
    )
    async def test_unknown_codes_go_by_status(self, start: Any, answer: Any, status: int, action: Action) -> None:
        refusal = answer(status, {"code": 99_999, "message": "new"}, Retry_After="3")
        outcome = await self.send(start, refusal)
        assert outcome == Failed(action, "99999", "new", 3.0 if action is Action.RETRY else None)

    async def test_twilios_own_trouble_says_nothing_about_the_message(self, start: Any, answer: Any) -> None:
        outcome = await self.send(start, answer(500, {"code": 20500, "message": "Internal"}))
        assert isinstance(outcome, Unanswered)

    async def test_a_message_that_failed_at_once(self, start: Any, answer: Any) -> None:
        said = {"sid": "SM1", "status": "failed", "error_code": 63024, "error_message": "Invalid recipient"}
        assert await self.send(start, answer(201, said)) == Failed(Action.DEAD, "63024", "Invalid recipient")
        said = {"sid": "SM1", "status": "failed", "error_code": None}
        assert (await self.send(start, answer(201, said))).code == "unknown"

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"sid": 5}', b'{"sid": ""}', b'{"sid": null}'])
    async def test_success_that_names_no_message(self, start: Any, answer: Any, body: bytes) -> None:
        assert isinstance(await self.send(start, answer(201, body)), Unanswered)

    def test_no_code_has_two_meanings(self) -> None:
        assert len(ACTIONS) == sum(len(codes) for codes in _CODES.values())


def listed(seconds: float = 0, **changes: Any) -> dict[str, Any]:
    """A message as Twilio lists it, created so many seconds after the attempt began."""
    created = (BEGAN + timedelta(seconds=seconds)).replace(microsecond=0)
    return {
        "sid": "SM1",
        "to": "whatsapp:+6281234567890",
        "from": "whatsapp:+622150001234",
        "body": "Halo",
        "direction": "outbound-api",
        "date_created": format_datetime(created),
        "date_sent": None,
        "status": "queued",
        **changes,
    }


def page(*messages: Any, following: str | None = None) -> dict[str, Any]:
    return {"messages": list(messages), "next_page_uri": following}


class TestLookUp:
    async def look(self, start: Any, answer: Any, *pages: Any, content: Content | None = None, **changes: Any) -> Any:
        self.server = await start(answer(200, pages[-1]))
        self.server.then(*(answer(200, each) for each in pages[:-1]))
        async with TwilioSender(config(api_url=self.server.url, **changes)) as sender:
            return await sender.look_up(outbound(content), BEGAN)

    async def test_the_same_recipient_sender_and_text_since_then_is_the_message(self, start: Any, answer: Any) -> None:
        assert await self.look(start, answer, page(listed())) == Accepted("SM1")
        (request,) = self.server.requests
        method, target, _ = request.line.split()
        asked = urlsplit(target)
        assert (method, asked.path) == ("GET", f"/2010-04-01/Accounts/{TWILIO_SID}/Messages.json")
        query = parse_qs(asked.query)
        assert query == {"To": ["whatsapp:+6281234567890"], "PageSize": ["100"]}
        assert set(query) <= set(SPEC["list"]["parameters"])

    async def test_twilios_own_example_is_read(self, start: Any, answer: Any) -> None:
        example = {**SPEC["list"]["example"], "next_page_uri": None}
        assert await self.look(start, answer, example) == Missing()

    async def test_the_earliest_of_several(self, start: Any, answer: Any) -> None:
        later = listed(30, sid="SM2")
        assert await self.look(start, answer, page(later, listed(1))) == Accepted("SM1")

    @pytest.mark.parametrize(
        "other",
        [
            listed(body="Halo juga"),
            listed(body=None),
            listed(to="whatsapp:+6281234567891"),
            listed(to="+6281234567890"),
            listed(**{"from": "whatsapp:+14155238886"}),
            listed(direction="inbound"),
            listed(-61),
            listed(-3600),
        ],
    )
    async def test_others_are_not(self, start: Any, answer: Any, other: dict[str, Any]) -> None:
        assert await self.look(start, answer, page(other)) == Missing()

    @pytest.mark.parametrize(
        "other", [listed(-2), listed(date_created=None), listed(sid=None), listed(**{"from": None}), "odd", None]
    )
    async def test_what_may_be_ours_keeps_it_open(self, start: Any, answer: Any, other: Any) -> None:
        assert isinstance(await self.look(start, answer, page(other)), Unanswered)

    async def test_by_a_messaging_service(self, start: Any, answer: Any) -> None:
        ours = listed(messaging_service_sid=SERVICE, **{"from": "whatsapp:+15550000000"})
        assert await self.look(start, answer, page(ours), sender=SERVICE) == Accepted("SM1")
        other = {**ours, "messaging_service_sid": "MG" + "1" * 32}
        assert await self.look(start, answer, page(other), sender=SERVICE) == Missing()

    async def test_a_caption_is_evidence_and_a_template_is_none(self, start: Any, answer: Any) -> None:
        image = Image(link="https://x/y.png", caption="Halo")
        assert await self.look(start, answer, page(listed(num_media="1")), content=image) == Accepted("SM1")
        for content in (Image(link="https://x/y.png"), Template(name="rekap_harian", language="id")):
            assert isinstance(await self.look(start, answer, page(listed()), content=content), Unanswered)
            assert await self.look(start, answer, page(listed(-3600)), content=content) == Missing()

    async def test_it_reads_on_until_the_list_is_older(self, start: Any, answer: Any) -> None:
        path = f"/2010-04-01/Accounts/{TWILIO_SID}/Messages.json?Page=1&PageToken=PA1"
        first = page(listed(5, body="lain"), following=path)
        found = await self.look(start, answer, first, page(listed(), listed(-100), following=path))
        assert found == Accepted("SM1")
        assert len(self.server.requests) == 2
        assert self.server.requests[1].line == f"GET {path} HTTP/1.1"

    async def test_an_endless_list_ends_undecided(self, start: Any, answer: Any) -> None:
        path = f"/2010-04-01/Accounts/{TWILIO_SID}/Messages.json?Page=1"
        assert isinstance(await self.look(start, answer, page(listed(5, body="x"), following=path)), Unanswered)
        assert len(self.server.requests) == 5

    @pytest.mark.parametrize("path", ["https://evil.example/x", "@evil.example/x", "/2010-04-01/Accounts.json?x", 5])
    async def test_the_credentials_go_to_no_other_page(self, start: Any, answer: Any, path: Any) -> None:
        await self.look(start, answer, {"messages": [], "next_page_uri": path})
        assert len(self.server.requests) == 1

    @pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"messages": {}}'])
    async def test_no_list_is_no_answer(self, start: Any, answer: Any, body: bytes) -> None:
        assert isinstance(await self.look(start, answer, body), Unanswered)

    async def test_errors_are_no_answer(self, start: Any, answer: Any) -> None:
        server = await start(answer(401, {"code": 20003, "message": "Authenticate"}))
        async with TwilioSender(config(api_url=server.url)) as sender:
            assert await sender.look_up(outbound(), BEGAN) == Unanswered("Authenticate")
            server.otherwise = server.close
            assert isinstance(await sender.look_up(outbound(), BEGAN), Unanswered)
