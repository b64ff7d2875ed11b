"""Import notes, cards and reviews from other programs.

For a new source, add a module such as `hashcards.py`, then name it in `flashcards/import_file.py`.
"""
