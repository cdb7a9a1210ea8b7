"""Law: of whatever others wrote, what is shown and written steers no terminal, breaks no file and tells no secret."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from footage.settings import EvidenceSettings
from footage.wording import in_lines, message_of, one_line, short_word

BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
anything = st.text(st.characters(codec=None)) | st.text(
    st.sampled_from("a \t\r\n\0\x1b\x07\x9b\u202e\u200f\u2066\ud800")
)


def unfit(text: str) -> list[str]:
    """The characters that steer a terminal, turn letters round or cannot be written."""
    return [
        each for each in text if unicodedata.category(each) in ("Cc", "Cs") or unicodedata.bidirectional(each) in BIDI
    ]


@given(anything)
@example("\x1b]0;pwn\x07\x1b[31m red \u202egnp.exe\u200f \x9b31m \0 \ud800")
def test_a_line_holds_nothing_unfit_and_can_be_written(text: str) -> None:
    for line in (one_line(text), short_word(text), message_of(text)):
        assert unfit(line) == []
        line.encode()
    assert unfit(in_lines(text).replace("\n", "")) == []


@given(st.text(st.characters(categories=["L", "N", "P", "So", "Zs"])))
def test_letters_of_whatever_script_stay_as_they_are(text: str) -> None:
    assert one_line(text) == text.strip()


def test_what_joins_the_parts_of_one_sign_stays() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert one_line(f"{family} 1") == f"{family} 1"


def test_a_message_names_an_address_without_what_is_secret_of_it() -> None:
    said = "Not at https://user:pw@media.example/x.mp4?X-Amz-Signature=abc#here, but HTTP://[::1?sig=abc (again)."
    assert message_of(said) == "Not at https://media.example/x.mp4 but HTTP://[::1 (again)."


@pytest.mark.parametrize(("shorten", "longest"), [(short_word, 100), (message_of, 500)])
def test_what_is_too_long_to_be_read_is_cut_and_shows_it(shorten, longest) -> None:  # type: ignore[no-untyped-def]
    assert shorten("x" * longest) == "x" * longest
    assert shorten("x" * 5000) == "x" * (longest - 3) + "..."


def test_what_a_person_notes_keeps_its_lines_and_nothing_unfit() -> None:
    noted = EvidenceSettings("CLM-1\0\x1b[31m", "Rear-end collision.\r\nSee\x07 the road\ud800 camera.")
    assert (noted.reference, noted.note) == ("CLM-1 [31m", "Rear-end collision.\nSee  the road  camera.")
