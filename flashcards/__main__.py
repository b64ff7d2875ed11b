"""Run the program as `python -m flashcards`."""

from flashcards.cli import main

main()
