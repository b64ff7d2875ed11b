"""Read and write Anki packages."""

import functools
import sys

# genanki imports a decorator, which Python also has, from a package that loads asyncio for another one.
sys.modules.setdefault("cached_property", functools)
