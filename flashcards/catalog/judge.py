"""What the rule that judges needs to know of the catalog."""

from __future__ import annotations

from collections.abc import Sequence

from flashcards.catalog.linking.model import Doubt, Known, Link, Seen
from flashcards.catalog.store import Catalog

_RECENT_ORPHANS = 1_000  # notes that lost their text last, which may come back reworded
_SAMPLE = 2_000  # notes that show what words are common in the collection


def judged(
    catalog: Catalog, known: Sequence[Known], seen: Sequence[Seen], links: Sequence[Link]
) -> tuple[list[Link], list[Doubt]]:
    """Link edited notes with what they were; see `link_similar`.

    Args:
        catalog: as of the last scan.
        known: the notes in use of the files that changed, and orphans that were looked for.
        seen: the notes of these files now.
        links: what the exact rules found.
    """
    if len(links) == len(seen):
        return [], []
    linked = {link.known.id for link in links}
    looked_for = {note.id for note in known}
    orphans = [note for note in catalog.recent_orphans(_RECENT_ORPHANS) if note.id not in looked_for]
    if not orphans and all(note.id in linked for note in known):
        return [], []
    # Only a scan that has something to judge needs rapidfuzz.
    from flashcards.catalog.linking.similar import link_similar

    return link_similar([*known, *orphans], seen, links, catalog.sample(_SAMPLE))
