"""`python -m benchmarks.programs.judge_fit LOG.csv`: how well the newest fifth of a log is predicted.

By FSRS's own parameters, by parameters fitted to the older four fifths, and by who always says the average. Prints the
figures and the seconds that fitting took, as JSON.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from scheduler.fit import build_training_set, fit
from tests.scheduler.learners import josh


def judged(log: Path) -> dict[str, Any]:
    """Return the figures by name."""
    reviews = build_training_set(josh(log))
    started = time.perf_counter()
    found = fit(reviews)
    seconds = time.perf_counter() - started
    figures = {"defaults": found.current, "fitted": found.fitted, "average": found.average}
    return {"seconds": seconds, "figures": {name: each._asdict() for name, each in figures.items()}}


if __name__ == "__main__":
    print(json.dumps(judged(Path(sys.argv[1]))))
