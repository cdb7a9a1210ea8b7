"""The questions about AWS: with which profile, in which region, by whose clock; what boto3 finds is the default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from cli.terminal import Offer, Question
from footage.models import Selector
from footage.settings import KinesisSettings
from footage.typed import parse_aws_region, parse_selector
from helpers import Asker

_PROFILE = Question("profile", "AWS profile", default="")
_REGION = Question("region", "AWS region")
_SELECTOR = Question("selector", "Selector: producer (the recorder's clock) or server (AWS's)", default="producer")


class Aws(Protocol):
    """What is known of this computer's access to AWS."""

    def profiles(self) -> Sequence[str]:
        """The profiles in AWS's own files."""

    def region(self, profile: str | None) -> str | None:
        """The region that goes with a profile, None for the usual one. Raises InputRefused where there is no such."""

    def streams(self, settings: KinesisSettings) -> Sequence[str]:
        """The account's streams, as far as they may be listed."""


def ask_access(asker: Asker, aws: Aws, known: KinesisSettings) -> KinesisSettings:
    """Profile and region; the profile is asked for where there are any to choose from."""
    profiles = aws.profiles()
    profile, usual = _ask_profile(asker, aws, profiles) if profiles else (None, aws.region(None))
    region = asker.valid(replace(_REGION, default=usual), parse_aws_region)
    return replace(known, profile=profile, region=None if region == usual else region)


def ask_selector(asker: Asker) -> Selector:
    """Whose clock places the footage."""
    return asker.valid(_SELECTOR, parse_selector)


def _ask_profile(asker: Asker, aws: Aws, profiles: Sequence[str]) -> tuple[str | None, str | None]:
    """A profile, None for the usual one, and its region."""

    def look_up(text: str) -> tuple[str | None, str | None]:
        return text or None, aws.region(text or None)

    def offers(text: str) -> list[Offer]:
        return [Offer(name) for name in profiles if text.casefold() in name.casefold()]

    return asker.valid(replace(_PROFILE, shown="the usual one", offers=offers), look_up)
