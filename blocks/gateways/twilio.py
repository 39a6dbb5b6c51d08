"""Twilio's WhatsApp as a block."""

from __future__ import annotations

from typing import ClassVar, Self

from prefect.blocks.core import Block
from pydantic import ConfigDict, Field, HttpUrl, SecretStr, model_validator

from wa_integrasi.providers.media.twilio import TwilioMedia
from wa_integrasi.providers.twilio import TwilioConfig, TwilioSender
from wa_integrasi.providers.twilio_webhook import TwilioReceiver


class TwilioWhatsApp(Block):
    """A WhatsApp sender of a Twilio account.

    Its name is the account's name; messages that name no account go out by the block `default`.

    Attributes:
        account_sid: Id of the Twilio account, AC….
        auth_token: Token of the account, which signs the webhooks, and sends unless there is an API key.
        sender_id: The WhatsApp number as +62…, or the MG… of a messaging service that owns one.
        webhook_url: This account's webhook as Twilio reaches it, https://…/webhooks/twilio/ and the block's name.
        api_key_sid: Id of an API key to send by, SK….
        api_key_secret: Secret of that key.
        content_sids: Which of Twilio's contents a template is, as name:language to HX….
        api_url: Base address; change it only for a test.

    Example:
        Send by an account:
        ```python
        from blocks.gateways import TwilioWhatsApp

        account = TwilioWhatsApp.load("BLOCK_NAME")
        async with account.sender() as sender:
            outcome = await sender.send(outbound)
        ```
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    _block_type_name: ClassVar[str | None] = "WhatsApp by Twilio"
    _block_type_slug: ClassVar[str | None] = "twilio-whatsapp"
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl("https://www.twilio.com/docs/whatsapp/api")
    _description = "A WhatsApp sender of a Twilio account."

    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$", description="Id of the Twilio account, AC….")
    auth_token: SecretStr = Field(description="Token of the account, which signs the webhooks.")
    sender_id: str = Field(description="The WhatsApp number as +62…, or the MG… of a messaging service that owns one.")
    webhook_url: str = Field(description="This account's webhook as Twilio reaches it.")
    api_key_sid: str | None = Field(default=None, description="Id of an API key to send by, SK….")
    api_key_secret: SecretStr = Field(default=SecretStr(""), description="Secret of the API key.")
    content_sids: dict[str, str] = Field(
        default_factory=dict, description="Which of Twilio's contents a template is, as name:language to HX…."
    )
    api_url: str = Field(default="https://api.twilio.com", description="Base address of Twilio's API.")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        """Refuse a wrong account when it is saved, not when the first message waits for it."""
        if bool(self.api_key_sid) != bool(self.api_key_secret.get_secret_value()):
            raise ValueError("api_key_sid and api_key_secret must be given together")
        self.sender()
        self.receiver()
        return self

    def sender(self) -> TwilioSender:
        """The outbound half, to be entered with `async with`."""
        return TwilioSender(self._config)

    def media(self) -> TwilioMedia:
        """What fetches files, to be entered with `async with`."""
        return TwilioMedia(self._config)

    def receiver(self) -> TwilioReceiver:
        """The inbound half."""
        return TwilioReceiver(self.auth_token.get_secret_value(), self.webhook_url)

    @property
    def _config(self) -> TwilioConfig:
        return TwilioConfig(
            account_sid=self.account_sid,
            secret=(self.api_key_secret if self.api_key_sid else self.auth_token).get_secret_value(),
            sender=self.sender_id,
            webhook_url=self.webhook_url,
            api_key_sid=self.api_key_sid or None,
            content_sids=self.content_sids,
            api_url=self.api_url,
        )
