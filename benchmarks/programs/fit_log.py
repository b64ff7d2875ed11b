"""`python -m benchmarks.programs.fit_log FOLDER`: fits parameters to the log of a collection.

Prints the seconds as JSON.
"""

import json
import sys
import time
from pathlib import Path

from flashcards.collection import Collection
from scheduler.fit import build_training_set, fit
from scheduler.log_arrays import read_log


def seconds(root: Path) -> float:
    """From the log in memory to parameters: the reviews told apart, two fits, and how well each predicts."""
    with Collection(root) as collection:
        log = read_log(collection.connection)
    started = time.perf_counter()
    fit(build_training_set(log))
    return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps(seconds(Path(sys.argv[1]))))
