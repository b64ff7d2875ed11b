"""Golden fixtures: a title, the input and the expected output, each closed by a line that holds a dot alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("fixtures")


@dataclass(frozen=True, slots=True)
class Case:
    """One pair of a fixture file; `line` is where its title stands."""

    title: str
    line: int
    source: str
    expected: str

    def __str__(self) -> str:
        return f"{self.line}: {self.title}"


def cases(name: str) -> list[Case]:
    """The cases of `fixtures/<name>.md`."""
    found = []
    parts: list[list[str]] = [[]]
    start = 1
    for number, line in enumerate((FOLDER / f"{name}.md").read_text(encoding="utf-8").splitlines(), start=1):
        if line != ".":
            if len(parts) == 1 and line.strip():
                start = number
            parts[-1].append(line)
            continue
        parts.append([])
        if len(parts) == 4:
            title, source, expected = parts[:3]
            found.append(Case(" ".join(title).strip(), start, "\n".join(source), "\n".join(expected)))
            parts = [[]]
    assert parts in ([[]], [[""]]), f"{name}.md ends inside a case"
    return found
