"""`python -m benchmarks.programs.link_notes NOTES FILES EVERY RUNS`: links notes of which every EVERYth was edited.

Prints, as JSON, the seconds that each of RUNS runs took, and how many edited notes there were, how many of them were
`kept` and how many links were `wrong`. Reading and writing of files and database is not part of it.
"""

import json
import random
import sys
import time
from itertools import islice
from typing import Any

from benchmarks.make_decks import Fact, facts
from flashcards.deck.parse import parse
from flashcards.identity.exact import link_exactly
from flashcards.identity.notes import Known, Seen, fingerprint
from flashcards.identity.similar import link_similar

_SAMPLE = 2_000  # notes; as many as a scan takes


def text(file: list[Fact]) -> str:
    """Return a deck file."""
    return "".join(f"Q: {fact.question}\nA: {fact.answer}\n\n" for fact in file)


def edited(fact: Fact, draw: random.Random) -> Fact:
    """Return the same fact with a slip of the finger in its answer."""
    words = fact.answer.split(" ")
    place = draw.randrange(len(words))
    words[place] = words[place][:1] + words[place]
    return fact._replace(answer=" ".join(words))


def collection(notes: int, files: int, every: int) -> tuple[list[Known], list[Seen]]:
    """Return notes as they were and as they are; the id of each is its place in the whole, as is its order now."""
    draw = random.Random(1)
    source = enumerate(facts(notes))
    known: list[Known] = []
    seen: list[Seen] = []
    for file in range(files):
        numbered = list(islice(source, notes // files))
        before = [fact for _, fact in numbered]
        after = [edited(fact, draw) if number % every == 0 else fact for number, fact in numbered]
        for note in parse(text(before), "deck.md").notes:
            known.append(Known(len(known), "", "", file, fingerprint(note), note, "", 0, 0, active=True))
        seen += [
            Seen(file, 0, index, fingerprint(note), note) for index, note in enumerate(parse(text(after), "d.md").notes)
        ]
    return known, seen


def measure(notes: int, files: int, every: int, runs: int) -> dict[str, Any]:
    """Link the same notes so many times."""
    known, seen = collection(notes, files, every)
    sample = [each.note for each in known[:: max(1, notes // _SAMPLE)]]
    numbers = {each.place: number for number, each in enumerate(seen)}
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        exact = link_exactly(known, seen)
        between = time.perf_counter()
        found, _ = link_similar(known, seen, exact, sample)
        seconds.append((between - started, time.perf_counter() - between))
    right = sum(numbers[each.seen.place] == each.known.id for each in found)
    return {
        "exact": [exactly for exactly, _ in seconds],
        "similar": [judged for _, judged in seconds],
        "edited": notes - len(exact),
        "kept": right,
        "wrong": len(found) - right,
    }


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:5]))))
