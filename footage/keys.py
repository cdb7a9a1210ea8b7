"""What an API key may look like: checked before it is put into a header, never repeated in a message."""

from __future__ import annotations

import re

from footage.errors import InputRefused

_UNFIT = re.compile(r"[^\x21-\x7e]")


def clean_key(text: str) -> str:
    """The key without the blanks around it. Raises InputRefused for an empty one and for what no key contains."""
    key = text.strip(" \t\r\n\ufeff")
    if not key:
        raise InputRefused("The key is empty: copy the API token from Samsara's dashboard.")
    if _UNFIT.search(key):
        raise InputRefused(
            "The key holds a blank or a control character, as a failed paste leaves: paste it again "
            "(in a Windows console by right click or Shift+Insert), or set SAMSARA_API_KEY."
        )
    return key
