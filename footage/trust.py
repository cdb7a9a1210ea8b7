"""Trust in the system's own certificates, among which a company puts those of its inspecting proxy."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)


def trust_system() -> None:
    """From now on TLS is checked by the system; has to be called before the first connection is made."""
    import truststore

    try:
        truststore.inject_into_ssl()
    except (ImportError, OSError, NotImplementedError) as error:
        log.warning("the system's certificates cannot be used: %s", error)
