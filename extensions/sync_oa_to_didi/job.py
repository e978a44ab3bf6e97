"""The sample: reach Seeyon OA with the job's own credentials."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, HttpUrl, SecretStr

from connecthub.integrations.seeyon import SeeyonClient
from connecthub.jobs import BaseJob


class SyncOAToDidiTokenJob(BaseJob):
    """Fetch a Seeyon token and log it, masked."""

    class Params(BaseModel):
        """Where the OA is."""

        base_url: HttpUrl

    class Secrets(BaseModel):
        """A REST user of the OA."""

        user_name: str
        password: SecretStr

    examples = {"sandbox": {"base_url": "http://127.0.0.1:8765"}}  # noqa: RUF012

    def run(self, params: Params, secrets: Secrets) -> dict[str, Any] | None:
        """Authenticate once."""
        with self.client(
            SeeyonClient, base_url=params.base_url, user_name=secrets.user_name, password=secrets.password
        ) as oa:
            token = oa.authenticate()
        self.log.info("token obtained: %s", token)
        return {"authenticated": True}
