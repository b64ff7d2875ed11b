"""Read and write Anki packages."""

import functools
import sys

# genanki takes a decorator that Python has, too, from a package that loads asyncio for another one.
sys.modules.setdefault("cached_property", functools)
