"""Where the files of what people write are kept, as a block."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self, cast
from urllib.parse import urlsplit

from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from pydantic import ConfigDict, Field, HttpUrl, SecretStr, model_validator

from wa_integrasi.privacy.shelves import BucketShelf, FolderShelf
from wa_integrasi.privacy.vault import MediaKeys, Shelf, Vault

DEFAULT = "default"


class MediaVault(Block):
    """Where the files that people send are kept, encrypted: a folder, or a bucket of S3 or of what speaks like it.

    The block `default` is used; without one, the folder of `WA_MEDIA_PATH`. The key is `WA_SECRET_KEY`: it is not here,
    so that who has the files and this block cannot read them.

    Attributes:
        folder: Absolute path of a folder that all machines share; empty where there is a bucket.
        bucket: Name of a bucket.
        prefix: Beginning of the names in the bucket.
        region: Region of the bucket.
        endpoint: Address of a server that is not Amazon's, such as https://minio.example.id:9000.
        access_key_id: Id of the key that may read, write, list and delete there.
        secret_access_key: That key.

    Example:
        Open the vault:
        ```python
        from blocks.vault import MediaVault

        block = MediaVault.load("BLOCK_NAME")
        vault = block.vault(MediaKeys(secret_key))
        ```
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    _block_type_name: ClassVar[str | None] = "Media vault"
    _block_type_slug: ClassVar[str | None] = "media-vault"
    _documentation_url: ClassVar[HttpUrl | None] = HttpUrl("https://developmentseed.org/obstore/latest/api/store/aws/")
    _description = "Where the files that people send are kept, encrypted: a folder or a bucket."

    folder: str = Field(default="", description="Absolute path of a folder; empty where there is a bucket.")
    bucket: str = Field(default="", description="Name of a bucket; empty where there is a folder.")
    prefix: str = Field(default="media", pattern=r"^[A-Za-z0-9._-]+$", description="Beginning of the names there.")
    region: str = Field(default="us-east-1", description="Region of the bucket.")
    endpoint: str = Field(default="", description="Address of a server that is not Amazon's.")
    access_key_id: str = Field(default="", description="Id of the key to the bucket.")
    secret_access_key: SecretStr = Field(default=SecretStr(""), description="The key to the bucket.")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        """Refuse what cannot be used when it is saved, not when the first file waits for it."""
        if bool(self.folder) == bool(self.bucket):
            raise ValueError("folder or bucket must be given, and not both")
        if self.folder and not Path(self.folder).is_absolute():
            raise ValueError("folder must be an absolute path")
        if bool(self.access_key_id) != bool(self.secret_access_key.get_secret_value()):
            raise ValueError("access_key_id and secret_access_key must be given together")
        if self.bucket and not self.access_key_id:
            raise ValueError("access_key_id and secret_access_key must be given for a bucket")
        if self.endpoint and (urlsplit(self.endpoint).scheme not in ("http", "https") or "@" in self.endpoint):
            raise ValueError("endpoint must begin with https:// or http://")
        return self

    def vault(self, keys: MediaKeys) -> Vault:
        """The vault itself."""
        return Vault(self._shelf(), keys)

    def _shelf(self) -> Shelf:
        if self.folder:
            return FolderShelf(Path(self.folder))
        from obstore.store import S3Store

        more: dict[str, Any] = {}
        if self.endpoint:
            more = {
                "endpoint": self.endpoint,
                "virtual_hosted_style_request": False,
                "client_options": {"allow_http": self.endpoint.startswith("http://")},
            }
        bucket = S3Store(
            self.bucket,
            region=self.region,
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key.get_secret_value(),
            **more,
        )
        return BucketShelf(bucket, self.prefix)


async def load_vault(folder: Path, keys: MediaKeys) -> Vault:
    """The vault of the block `default`; where there is no such block, of `folder`. Raises what Prefect's client does.

    A Prefect that is away raises: to go on with `folder` would put files where nobody looks for them.
    """
    async with get_client() as client:
        try:
            await client.read_block_document_by_name(DEFAULT, MediaVault.get_block_type_slug(), include_secrets=False)
        except ObjectNotFound:
            return Vault(FolderShelf(folder), keys)
        loaded: Any = await MediaVault.aload(DEFAULT, client=client)
        return cast(MediaVault, loaded).vault(keys)
