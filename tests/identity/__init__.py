"""How well edited notes are recognised.

The yardstick: `material` reads decks, `edits` changes notes as people do, `trials` makes of both a folder before and
after with the truth of which note is which, `rules` holds the rules that are compared, `measure` counts.
`python -m tests.identity.report` prints the whole table.
"""
