"""Which note is which: notes seen now against notes known before, the surest rules first."""

from __future__ import annotations

from flashcards.catalog.linking.exact import link_exactly as link
from flashcards.catalog.linking.model import Doubt, Known, Link, Seen

__all__ = ["Doubt", "Known", "Link", "Seen", "link"]
