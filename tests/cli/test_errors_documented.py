"""Every error has an exit code, a remedy and a line in docs/errors.md, and is shown without a trace."""

from __future__ import annotations

import pytest

from bench.documents import ERRORS, ends_a_run, error_classes, error_page
from cli.words import error_words
from footage.errors import FootageError

CODES = {1, 2, 4, 6, 7, 8, 9, 10, 11, 130}
"""Exit codes of the contract that an error can end with; 10 is the network's."""


def ids(kind: type[FootageError]) -> str:
    return kind.__name__


def test_the_page_is_what_the_classes_say() -> None:
    assert ERRORS.read_text(encoding="utf-8") == error_page(), "run: python -m bench.documents"


@pytest.mark.parametrize("kind", error_classes(), ids=ids)
def test_no_class_lacks_an_exit_code_a_remedy_or_a_sentence(kind: type[FootageError]) -> None:
    assert kind.exit_code in CODES
    assert kind.kind.replace("_", "").isalpha()
    assert kind.remedy.endswith(".")
    assert kind.remedy[0].isupper()
    assert kind.__doc__
    if kind.exit_code == 1 and ends_a_run(kind):
        assert "report" in kind.remedy, "what cannot be mended by the person is reported"


@pytest.mark.parametrize("kind", [kind for kind in error_classes() if ends_a_run(kind)], ids=ids)
def test_every_error_is_on_the_page_with_its_code(kind: type[FootageError]) -> None:
    page = ERRORS.read_text(encoding="utf-8")
    assert f"| `{kind.kind}` ({kind.__name__}) | {kind.exit_code} |" in page


def test_what_is_said_of_an_error_names_what_happened_what_to_do_the_id_and_the_log(tmp_path) -> None:
    error = FootageError("It broke.", request_id="abc-123")
    said = list(error_words(error, tmp_path / "x.log"))
    assert said == ["It broke.", error.remedy, "The service's request id: abc-123", f"Log: {tmp_path / 'x.log'}"]


def test_a_class_without_a_remedy_is_found() -> None:
    class Careless(FootageError):
        """Something."""

        remedy = ""

    with pytest.raises((AssertionError, IndexError)):
        test_no_class_lacks_an_exit_code_a_remedy_or_a_sentence(Careless)
