"""What pages of other sites get from the servers of `wa up`: nothing."""

import httpx
import pytest

from tests.prefect.conftest import House

EVIL = "http://evil.example"


def test_prefect_lets_no_other_site_read_its_answers(house: House) -> None:
    preflight = {
        "Origin": EVIL,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    url = f"{house.at.prefect_url}/api/block_documents/filter"
    answers = [
        httpx.options(url, headers=preflight),
        httpx.post(url, json={"include_secrets": True}, headers={"Origin": EVIL}),
    ]
    allowed = [answer.headers.get("access-control-allow-origin") for answer in answers]
    assert allowed == [None, None]


def test_prefects_own_page_may_read_them(house: House) -> None:
    own = house.at.prefect_url
    answer = httpx.post(f"{own}/api/block_types/filter", json={}, headers={"Origin": own})
    assert answer.headers["access-control-allow-origin"] == own


@pytest.mark.parametrize("path", ["/simulator/", "/simulator/messages.json", "/simulator/chats.json"])
def test_the_phone_answers_to_this_machines_name_only(house: House, path: str) -> None:
    url = f"{house.at.service_url}{path}"
    assert httpx.get(url).status_code == 200
    assert httpx.get(url, headers={"Host": "evil.example"}).status_code == 400
