"""The owner's second channel as a block, so that Prefect itself can tell the owner when nothing of ours runs."""

from __future__ import annotations

import asyncio

from prefect.blocks.abstract import NotificationBlock, NotificationError
from pydantic import Field, HttpUrl, SecretStr

from wa_integrasi.upkeep.second_channel import send


class OwnerNotice(NotificationBlock):
    """Tells the owner by every address that apprise knows: e-mail, Telegram and some hundred others.

    `wa deploy` saves it as `default` from WA_OWNER_NOTICE_URLS; the Prefect server sends by it.

    Example:
        ```python
        from blocks.owner_notice import OwnerNotice

        OwnerNotice(urls="mailtos://user:password@smtp.example.id?to=owner@example.id").save("default")
        ```
    """

    _block_type_name = "Owner notice"
    _block_type_slug = "owner-notice"
    _documentation_url = HttpUrl("https://appriseit.com/services/")

    urls: SecretStr = Field(description="Addresses as apprise writes them, with spaces between.")

    async def notify(self, body: str, subject: str | None = None) -> None:
        """Tell the owner; one address that accepts is enough. Raises `NotificationError`."""
        told = await asyncio.to_thread(send, self.urls.get_secret_value().split(), subject or "WA-Integrasi", body)
        if all(each.problem for each in told) and self._raise_on_failure:
            raise NotificationError("; ".join(str(each) for each in told))
