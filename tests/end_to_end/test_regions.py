"""A key of another of Samsara's regions: the message names it, and a variable leads the questions there too."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from cli.services import REGIONS, Services
from demo.samsara_service import SamsaraService
from footage.errors import InputRefused, KeyRejected
from footage.settings import KinesisSettings
from tests.site import Site

KEY = "samsara_api_of_an_organization_in_europe"


@pytest.fixture
def europe(monkeypatch: pytest.MonkeyPatch) -> Iterator[SamsaraService]:
    """Three regions on this computer, of which only Europe's knows the key."""
    monkeypatch.delenv("SAMSARA_API_URL", raising=False)
    monkeypatch.setenv("SAMSARA_API_KEY", KEY)
    with SamsaraService() as other, SamsaraService(key=KEY) as service:
        for name in REGIONS:
            monkeypatch.setitem(REGIONS, name, service.url if name == "eu" else other.url)
        yield service


def services(region: str) -> Services:
    return Services(region=region, retries=2, asker=None, say=lambda line: None, stop=threading.Event())


@pytest.mark.usefixtures("europe")
def test_a_key_that_is_refused_here_and_accepted_elsewhere_is_told_where_it_belongs() -> None:
    with pytest.raises(KeyRejected, match=r"region us, and accepted in eu\. Set SAMSARA_REGION=eu"):
        services("us").fleet()
    assert services("eu").fleet().like("truck 104")


def test_each_profile_and_region_of_a_list_has_a_client_of_its_own() -> None:
    own = services("us")
    virginia, again, ireland, other = (
        own.kinesis(KinesisSettings(region=region, profile=profile))
        for region, profile in (("us-east-1", None), ("us-east-1", None), ("eu-west-1", None), ("us-east-1", "claims"))
    )
    assert virginia is again
    assert len({id(each) for each in (virginia, ireland, other)}) == 3


@pytest.mark.usefixtures("europe")
def test_a_key_that_no_region_knows_is_refused_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMSARA_API_KEY", "samsara_api_of_nobody")
    with pytest.raises(KeyRejected, match="does not accept the key"):
        services("us").fleet()


def test_with_an_address_of_its_own_the_key_is_shown_to_no_other(
    europe: SamsaraService, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SamsaraService() as own:
        monkeypatch.setenv("SAMSARA_API_URL", own.url)
        with pytest.raises(KeyRejected, match="does not accept the key"):
            services("us").fleet()
    assert europe.requests == []


def test_a_region_that_is_none_is_refused() -> None:
    with pytest.raises(InputRefused, match="use us, eu or ca in SAMSARA_REGION"):
        services("mars").fleet()


def test_the_variable_is_checked_like_the_option(site: Site) -> None:
    site.environ = {"SAMSARA_REGION": "mars"}
    assert site.pull("--cameras", "road", minutes="0.1").code == 2
    assert "SAMSARA_REGION" not in os.environ
