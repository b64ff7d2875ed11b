"""Decide which note of the files is which note of the catalog, so that a review history survives any edit.

The rules, in the order in which they apply; each takes one-to-one pairs and leaves the rest to the next:

1. `pin` (`exact.py`): the same pinned id.
2. `same text` (`exact.py`): the same fingerprint, anywhere in the collection. Moving and renaming files is free.
3. `former text` (`exact.py`): the fingerprint of a text that the note had before. An edit that is undone is recognized.
4. `similar` (`similar.py`): vanished notes against new ones. `scoring.py` adds the likeness of the texts
   (`likeness.py`) and the support of their places (`neighbours.py`); `similar.py` takes the clear pairs.
5. `similar` again, for orphans: notes that lost their text in an earlier scan. The text alone must be enough.
6. `copy` (`catalog/corrections.py`, which knows the reviews): a reviewed note that lost its text continues at a recent
   copy of it.

A person overrides all of them with `flashcards link` and `flashcards unlink` (`by hand`).
What no rule links is a new note, or an orphan that keeps its history. `slots.py` then decides which card is which
within a linked note.

A new rule that is certain goes into `exact.py`; new evidence for likely pairs into `scoring.py`.
"""
