"""Words for numbers."""


def plural(number: int, word: str) -> str:
    """`1 card`, `2 cards`, `1,000 cards`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
