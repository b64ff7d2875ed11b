"""Which texts stand in several notes, so that one equal side says little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


class Repeats:
    """How many notes have a text as one of their sides: in a file, and in all files together (file None)."""

    def __init__(
        self,
        vanished: Iterable[tuple[int, str]],
        new: Iterable[tuple[int, str]],
        unchanged: Iterable[tuple[int, str]],
    ) -> None:
        """Count.

        Args:
            vanished: the file and the text of each note that vanished.
            new: the same of the new notes.
            unchanged: the same of notes that were there and are.
        """
        self._vanished, self._new, self._unchanged = _counted(vanished), _counted(new), _counted(unchanged)

    def single(self, text: str, file: int | None) -> bool:
        """Whether no more than one old and one new note have the text."""
        at = file, text
        same = self._unchanged[at]
        return bool(text) and self._vanished[at] + same <= 1 and self._new[at] + same <= 1

    def vanished_elsewhere(self, text: str, mine: str, file: int | None) -> bool:
        """Whether another vanished note had the text, which is not `mine`."""
        return text != mine and self._vanished[file, text] > 0


def _counted(texts: Iterable[tuple[int, str]]) -> Counter[tuple[int | None, str]]:
    found: Counter[tuple[int | None, str]] = Counter()
    for file, text in texts:
        found[file, text] += 1
        found[None, text] += 1
    return found
