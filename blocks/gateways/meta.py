"""Meta's Cloud API as a block."""

from __future__ import annotations

from typing import ClassVar, Self

from prefect.blocks.core import Block
from pydantic import ConfigDict, Field, HttpUrl, SecretStr, model_validator

from wa_integrasi.providers.media.meta import MetaMedia
from wa_integrasi.providers.meta import MetaCloudReceiver, MetaCloudSender, MetaConfig


class MetaCloudApi(Block):
    """A WhatsApp Business number on Meta's Cloud API.

    Its name is the account's name; messages that name no account go out by the block `default`.

    Attributes:
        phone_number_id: Id of the sending number, from the app's dashboard (not the number itself).
        access_token: System user token with `whatsapp_business_messaging`.
        app_secret: Secret of the app, which signs the webhooks.
        verify_token: Word of your own that Meta repeats when the webhook is subscribed.
        api_url: Base address; change it only for a simulator.

    Example:
        Send by an account:
        ```python
        from blocks.gateways import MetaCloudApi

        account = MetaCloudApi.load("BLOCK_NAME")
        async with account.sender() as sender:
            outcome = await sender.send(outbound)
        ```
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    _block_type_name: ClassVar[str | None] = "WhatsApp Cloud API (Meta)"
    _block_type_slug: ClassVar[str | None] = "meta-cloud-api"
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl("https://developers.facebook.com/docs/whatsapp/cloud-api")
    _description = "A WhatsApp Business number on Meta's Cloud API."

    phone_number_id: str = Field(pattern=r"^\d{1,32}$", description="Id of the sending number, digits only.")
    access_token: SecretStr = Field(description="System user token with whatsapp_business_messaging.")
    app_secret: SecretStr = Field(description="Secret of the app, which signs the webhooks.")
    verify_token: SecretStr = Field(description="Word of your own that Meta repeats when the webhook is subscribed.")
    waba_id: str | None = Field(default=None, description="Id of the WhatsApp Business account, for its templates.")
    api_url: str = Field(default="https://graph.facebook.com", description="Base address of the Graph API.")
    api_version: str = Field(default="v23.0", pattern=r"^v\d+\.\d+$", description="Version of the Graph API.")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        """Refuse a wrong account when it is saved, not when the first message waits for it."""
        self.sender()
        self.receiver()
        return self

    def sender(self) -> MetaCloudSender:
        """The outbound half, to be entered with `async with`."""
        return MetaCloudSender(self._config)

    def media(self) -> MetaMedia:
        """What fetches files, to be entered with `async with`."""
        return MetaMedia(self._config)

    def receiver(self) -> MetaCloudReceiver:
        """The inbound half."""
        return MetaCloudReceiver(
            self.app_secret.get_secret_value(), self.verify_token.get_secret_value(), self.phone_number_id
        )

    @property
    def _config(self) -> MetaConfig:
        return MetaConfig(
            phone_number_id=self.phone_number_id,
            access_token=self.access_token.get_secret_value(),
            api_url=self.api_url,
            api_version=self.api_version,
            waba_id=self.waba_id or None,
        )
