"""`python -m benchmarks.programs.rebuild_log COLLECTION`: replays the whole log; prints the seconds as JSON."""

import json
import sys
import time
from pathlib import Path

from flashcards.collection import Collection


def seconds(root: Path) -> float:
    """How long it takes to compare every card with its log.

    Raises:
        SystemExit: they differ, so that it would be something else that was measured.
    """
    with Collection(root) as collection:
        started = time.perf_counter()
        found = collection.store.find_differences(lambda deck: collection.policy(deck).parameters)
        taken = time.perf_counter() - started
    if found:
        raise SystemExit(f"{len(found)} fields differ from the log, the first of them {found[0]}")
    return taken


if __name__ == "__main__":
    print(json.dumps(seconds(Path(sys.argv[1]))))
