"""Mail."""

from __future__ import annotations

from inventory.kinds.base import Recorded


class Domain(Recorded):
    """A mail domain."""

    fqdn: str | None = None
