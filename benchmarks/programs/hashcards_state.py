"""`python -m benchmarks.programs.hashcards_state COMMAND DECKS`: makes every card of DECKS known to hashcards.

hashcards itself adds cards only when they are drilled, one commit each, which takes minutes for 10,000. None of the
cards is reviewed.
"""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path


def add_cards(command: str, decks: Path) -> None:
    """Fill the database that hashcards keeps beside the decks.

    Raises:
        subprocess.CalledProcessError: hashcards cannot read the decks; it has said why.
    """
    subprocess.run([command, "due", decks], stdout=subprocess.DEVNULL, check=True)  # makes the tables
    exported = subprocess.run([command, "export", decks], stdout=subprocess.PIPE, check=True).stdout
    rows = [(card["hash"], "2026-01-01T00:00:00.000", 0) for card in json.loads(exported)["cards"]]
    with closing(sqlite3.connect(decks / "hashcards.db")) as connection, connection:
        connection.executemany("INSERT OR IGNORE INTO cards (card_hash, added_at, review_count) VALUES (?, ?, ?)", rows)


if __name__ == "__main__":
    add_cards(sys.argv[1], Path(sys.argv[2]))
