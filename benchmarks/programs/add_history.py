"""`python -m benchmarks.programs.add_history FOLDER CARDS REVIEWS_EACH`."""

import sys
from pathlib import Path

from benchmarks.make_history import add_history

if __name__ == "__main__":
    add_history(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
