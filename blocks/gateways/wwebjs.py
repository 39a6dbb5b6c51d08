"""wwebjs-api as a block."""

from __future__ import annotations

from typing import ClassVar, Self

from prefect.blocks.core import Block
from pydantic import ConfigDict, Field, HttpUrl, SecretStr, model_validator

from wa_integrasi.providers.media.web import WwebjsMedia
from wa_integrasi.providers.wwebjs import WwebjsConfig, WwebjsReceiver, WwebjsSender


class WwebjsApi(Block):
    """A paired phone behind a wwebjs-api server.

    Its name is the account's name; messages that name no account go out by the block `default`. It is WhatsApp Web,
    not WhatsApp's business platform: the phone must stay paired, and bulk sending gets its number banned. For
    receipts, `message_ack` must not be among the server's `DISABLED_CALLBACKS`.

    Attributes:
        api_url: Base address of the wwebjs-api server.
        api_key: Key that the server wants and sends along with its webhooks (`API_KEY`).
        session: Name of the session.

    Example:
        Send by an account:
        ```python
        from blocks.gateways import WwebjsApi

        account = WwebjsApi.load("BLOCK_NAME")
        async with account.sender() as sender:
            outcome = await sender.send(outbound)
        ```
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    _block_type_name: ClassVar[str | None] = "WhatsApp Web (wwebjs-api)"
    _block_type_slug: ClassVar[str | None] = "wwebjs-api"
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl("https://github.com/avoylenko/wwebjs-api")
    _description = "A paired phone behind a wwebjs-api server."

    api_url: str = Field(description="Base address of the wwebjs-api server, such as http://wwebjs:3000.")
    api_key: SecretStr = Field(description="Key that the server wants and sends along with its webhooks (API_KEY).")
    session: str = Field(default="default", description="Name of the session.")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        """Refuse a wrong account when it is saved, not when the first message waits for it."""
        self.sender()
        self.receiver()
        return self

    def sender(self) -> WwebjsSender:
        """The outbound half, to be entered with `async with`."""
        return WwebjsSender(self._config)

    def media(self) -> WwebjsMedia:
        """What fetches files, to be entered with `async with`."""
        return WwebjsMedia(self._config)

    def receiver(self) -> WwebjsReceiver:
        """The inbound half."""
        return WwebjsReceiver(self.api_key.get_secret_value(), self.session)

    @property
    def _config(self) -> WwebjsConfig:
        return WwebjsConfig(self.api_url, self.api_key.get_secret_value(), self.session)
