"""The services of one call, made at the first need: Samsara with its key, Kinesis Video with its credentials."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from cli.aws_identity import aws_profiles, aws_region
from cli.doctor_services import accepts
from cli.fleet import Fleet
from cli.logs import keep_secret, tell_long_waits
from footage.addresses import service_address
from footage.errors import FootageError, InputRefused, Interrupted, KeyRejected
from footage.keys import keyring_name, looks_odd
from footage.pacing import Pause
from footage.settings import KinesisSettings
from helpers import Asker, resolve_key
from kinesis_clip import KinesisClient
from SamsaraAPI import DEFAULT_URL, SamsaraClient

REGIONS = {"us": DEFAULT_URL, "eu": "https://api.eu.samsara.com", "ca": "https://api.ca.samsara.com"}
"""Samsara's own hosts (developers.samsara.com/docs/base-url)."""
REGION_VARIABLE = "SAMSARA_REGION"
"""Takes the place of --samsara-region, for the questions too."""


def samsara_address(region: str) -> str:
    """Where Samsara is: SAMSARA_API_URL, else the region's own host. Raises InputRefused for a region that is none."""
    if region not in REGIONS:
        raise InputRefused(f"{region!r} is no region of Samsara: use us, eu or ca in {REGION_VARIABLE}.")
    return os.environ.get("SAMSARA_API_URL") or REGIONS[region]


class Services:
    """`asker` may be None: then a key that is not there is an error. `say` tells what is being done."""

    def __init__(
        self,
        *,
        region: str,
        retries: int,
        asker: Asker | None,
        say: Callable[[str], None],
        stop: threading.Event,
    ) -> None:
        self._region = region
        self._retries = retries
        self._asker = asker
        self._say = say
        self._stop = stop
        tell_long_waits(say)
        self.samsara_client: SamsaraClient | None = None
        self._kinesis_clients: dict[tuple[str | None, str | None], KinesisClient] = {}
        self._making = threading.Lock()
        self._fleet: Fleet | None = None
        self._typed_key = ""

    def samsara(self) -> SamsaraClient:
        """Samsara with the key from the environment, the keyring or the person."""
        if self.samsara_client is None:
            address = service_address(samsara_address(self._region))
            key = resolve_key(os.environ, ask=self._ask_key if self._asker else None)
            keep_secret(key)
            self.samsara_client = SamsaraClient(key, base_url=address, attempts=self._retries, stop=self._stop)
        return self.samsara_client

    def fleet(self) -> Fleet:
        """The vehicles that the key can see, read once."""
        while self._fleet is None:
            service = self.samsara()
            self._say("Reading the list of vehicles.")
            try:
                self._fleet = Fleet(service.vehicles(), self._say)
            except KeyRejected as refused:
                self._ask_anew(self._told_region(refused))
        return self._fleet

    def _ask_anew(self, refused: KeyRejected) -> None:
        """Let a mistyped key be typed again. Raises the refusal where it was not typed."""
        if not self._typed_key:
            raise refused
        self._say(refused.message)
        self.samsara_client, self._typed_key = None, ""

    def _told_region(self, refused: KeyRejected) -> KeyRejected:
        """The refusal, with the region that accepts the key where there is one."""
        places = [] if os.environ.get("SAMSARA_API_URL") else [place for place in REGIONS if place != self._region]
        key = resolve_key(os.environ, ask=lambda: self._typed_key)
        for place in places:
            if accepts(SamsaraClient(key, base_url=REGIONS[place], timeout=(5, 15), attempts=2, patience=10)):
                said = f"The key is refused in Samsara's region {self._region}, and accepted in {place}."
                do = f"Set {REGION_VARIABLE}={place} once on this computer, or add --samsara-region {place}."
                return KeyRejected(f"{said} {do}", request_id=refused.request_id)
        return refused

    def kinesis(self, settings: KinesisSettings) -> KinesisClient:
        """Kinesis Video by boto3's own chain of credentials; one client for each profile and region."""
        which = (settings.profile, settings.region)
        with self._making:
            if which not in self._kinesis_clients:
                self._kinesis_clients[which] = KinesisClient(
                    profile=settings.profile, region=settings.region, pause=Pause(self._stop), retries=self._retries
                )
            return self._kinesis_clients[which]

    def profiles(self) -> list[str]:
        """The profiles in AWS's own files."""
        return aws_profiles()

    def region(self, profile: str | None) -> str | None:
        """The region that goes with a profile. Raises InputRefused where there is no such."""
        return aws_region(profile)

    def streams(self, settings: KinesisSettings) -> list[str]:
        """The account's streams, as far as they can be listed: the person can name some without."""
        self._say("Reading the list of streams.")
        try:
            return self.kinesis(settings).streams()
        except Interrupted:
            raise
        except FootageError as error:
            self._say(f"The account's streams cannot be listed: {error.message}")
            return []

    def _ask_key(self) -> str:
        assert self._asker is not None  # noqa: S101 - handed over only where there is somebody to ask
        key = self._typed_key = self._asker.key()
        if looks_odd(key):
            self._say("The key looks unlike Samsara's usual ones (samsara_api_...); it is tried all the same.")
        if keyring_name() is not None:
            self._say("To keep the key on this computer: python main.py doctor --keep-key")
        return key
