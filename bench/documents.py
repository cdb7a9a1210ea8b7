"""Writes the parts of the docs that the program itself knows: the table of errors, pictures of wizard and progress."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import footage
from footage.errors import FootageError, RequestRefused
from footage.pacing import Passing

ROOT = Path(__file__).parent.parent
ERRORS = ROOT / "docs" / "errors.md"
_VALUES = ("FateUnknown", "BrokenMedia", "DownloadFailed")
"""Errors that a run lives with: what they concern becomes a gap with a reason."""
_HEAD = """# What can go wrong

Made from the program's own error classes by `python -m bench.documents`; a test holds it to them.

On the screen an error is what happened, what to do, the service's request id where there is one, and the log file. With
`--json` it stands in `error` as `kind` and `message`. No trace is shown without `--debug`.
"""


def error_classes() -> list[type[FootageError]]:
    """Every error class of the program, a parent before its children."""
    for module in pkgutil.walk_packages(footage.__path__, "footage."):
        importlib.import_module(module.name)
    return list(_below(FootageError))


def _below(kind: type[FootageError]) -> Iterator[type[FootageError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _below(child)


def ends_a_run(kind: type[FootageError]) -> bool:
    """Whether a run ends with it; the others become gaps, each with its reason."""
    return not issubclass(kind, RequestRefused) and kind.__name__ not in _VALUES


def error_page() -> str:
    """The whole of docs/errors.md."""
    kinds = error_classes()
    ending = [kind for kind in kinds if ends_a_run(kind)]
    lasting = [kind for kind in kinds if not ends_a_run(kind)]
    kinesis = [kind for kind in ending if kind.__module__.startswith("footage.kinesis")]
    parts = [
        _HEAD,
        "## What ends a run\n",
        _table(kind for kind in ending if kind not in kinesis),
        "\n## What ends a run of Kinesis Video, besides\n",
        _table(kinesis),
        "\n## What becomes a gap and not an end\n",
        "The exit code is then that of the whole: 3 where parts are missing, 4 where they may still come, 5 where "
        "there is nothing.\n",
        _table(lasting, code="3, 4 or 5"),
        "\n## What is tried again by itself\n",
        "A request that fails in passing is repeated with growing pauses, and at the end becomes one of the above: "
        f"{', '.join(sorted(f'`{kind.__name__}`' for kind in Passing.__subclasses__()))}, rate limits (429), server "
        "errors (5xx), broken connections. A request that spends quota is repeated only where it provably was not "
        "taken.\n",
    ]
    return "\n".join(parts)


def _table(kinds: Iterator[type[FootageError]] | list[type[FootageError]], code: str = "") -> str:
    lines = ["| kind | exit code | what happened | what to do |", "|---|---|---|---|"]
    for kind in kinds:
        happened = (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")
        lines.append(f"| `{kind.kind}` ({kind.__name__}) | {code or kind.exit_code} | {happened} | {kind.remedy} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the documents anew."""
    from bench.pictures import write_pictures

    ERRORS.write_text(error_page(), encoding="utf-8", newline="\n")
    written = [ERRORS, *write_pictures(ROOT / "docs")]
    print("\n".join(str(path.relative_to(ROOT)) for path in written))


if __name__ == "__main__":
    main()
