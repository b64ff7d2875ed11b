"""The command `due`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import complete, console
from flashcards.text import NO_CARDS, list_deck_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flashcards.collection import Collection
    from scheduler.queue import Counts, Held


@click.command("due", cls=console.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(query: tuple[str, ...], as_json: bool) -> None:
    """Show how many cards are due today, by deck.

    The counts of new, learning and review cards are those that `flashcards review` would ask, within the daily limits
    and without buried siblings. If a limit holds cards back, it is named.

    \b
    flashcards due
    flashcards due tpm --json
    """
    from flashcards.collection import find_ordering, now_ms
    from scheduler.queue import Counts, summarize_day

    with console.read_collection() as collection:
        names = collection.catalog.deck_names()
        only, at, store, limits = console.select_cards(collection, query), now_ms(), collection.store, collection.limits
        order = find_ordering(collection, only)
        found, held = summarize_day(store, limits, at, order=order, only_cards=only)
        counts = {names[deck]: count for deck, count in found.items() if any(_numbers(count))}
        total = Counts(
            sum(count.new for count in counts.values()),
            sum(count.learning for count in counts.values()),
            sum(count.review for count in counts.values()),
        )
        if as_json:
            decks = [{"deck": name, **_counts_record(counts[name])} for name in sorted(counts)]
            record = {"total": _counts_record(total), "decks": decks}
            console.print_json(record | ({"held_back": _held_records(collection, held)} if held else {}))
        elif not names:
            console.print_text(NO_CARDS)
        else:
            _print(counts, total)
            for row in _held_records(collection, held):
                where = f"of `{row['deck']}`" if row["deck"] else "of the whole collection"
                cards = console.plural(row["cards"], f"{row['kind']} card")
                console.print_text(f"{cards} held back: `{row['setting']} = {row['limit']}` {where}.")


def _held_records(collection: Collection, held: Sequence[Held]) -> list[dict[str, Any]]:
    """Describe the limits that hold cards back; the deck "" is the whole collection."""
    names = collection.catalog.deck_names()
    policies = {limit.deck: limit.policy for limit in collection.limits}
    return [
        {
            "setting": each.setting,
            "deck": names.get(each.deck, ""),
            "limit": getattr(policies[each.deck], each.setting),
            "kind": each.kind,
            "cards": each.cards,
        }
        for each in held
    ]


_COLUMNS = 26  # width of the numbers, beside the names


def _numbers(counts: Counts) -> tuple[int, int, int]:
    return counts.new, counts.learning, counts.review


def _counts_record(counts: Counts) -> dict[str, int]:
    return {"new": counts.new, "learning": counts.learning, "review": counts.review}


def _print(counts: dict[str, Counts], total: Counts) -> None:
    if not any(_numbers(total)):
        console.print_text("Nothing is due today.")
        return
    tree = _add_parents(counts)
    labels = {name: "  " * name.count("::") + console.make_visible(name.rpartition("::")[2]) for name in tree}
    width = max(len("total"), *(len(label) for label in labels.values()))
    several = len([name for name in tree if "::" not in name]) > 1
    if width + _COLUMNS > console.get_width():
        for name in sorted(tree, key=lambda name: name.split("::")):
            console.print_text(f"{labels[name]}: {_describe_numbers(tree[name])}", 2)
        if several:
            console.print_text(f"total: {_describe_numbers(_numbers(total))}", 2)
        return
    console.echo(f"{'':{width}}  {'new':>6} {'learning':>9} {'review':>7}")
    for name in sorted(tree, key=lambda name: name.split("::")):
        console.echo(f"{labels[name]:{width}}  {_format_numbers(tree[name])}")
    if several:
        console.echo(f"{'total':{width}}  {_format_numbers(_numbers(total))}")


def _describe_numbers(numbers: tuple[int, int, int]) -> str:
    return ", ".join(f"{number:,} {kind}" for number, kind in zip(numbers, ("new", "learning", "review"), strict=True))


def _format_numbers(numbers: tuple[int, int, int]) -> str:
    new, learning, review = numbers
    return (
        click.style(f"{new:>6}", fg="blue" if new else None)
        + click.style(f" {learning:>9}", fg="red" if learning else None)
        + click.style(f" {review:>7}", fg="green" if review else None)
    )


def _add_parents(counts: dict[str, Counts]) -> dict[str, tuple[int, int, int]]:
    """Add the counts of each deck to those of its parents."""
    tree: dict[str, tuple[int, int, int]] = {}
    for name, count in counts.items():
        for above in list_deck_path(name):
            new, learning, review = tree.get(above, (0, 0, 0))
            tree[above] = (new + count.new, learning + count.learning, review + count.review)
    return tree
