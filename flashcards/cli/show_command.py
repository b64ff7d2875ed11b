"""`flashcards show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import common
from flashcards.durations import short_interval

if TYPE_CHECKING:
    from flashcards.collection import Collection


@click.command("show")
@click.argument("card")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the card as in `list`, and its reviews.")
def command(card: str, as_json: bool) -> None:
    """Show one card: its text, its place, its schedule and its whole history.

    CARD is the id that `list` shows, or as much of it as is unique; or PATH:LINE.

    \b
    flashcards show k7f3q2m.c1
    flashcards show tpm/tools.md:12
    """
    from flashcards.cards import find_card, record
    from flashcards.catalog.ticks import point_counts
    from flashcards.collection import now_ms

    with common.opened() as collection:
        found = collection.store.card(find_card(collection, card))
        data = record(collection, found, collection.note_of(found), now_ms())
        data["reviews"] = _reviews(collection, found.id)
        data["points"] = [each._asdict() for each in point_counts(collection.connection, found.id)]
        if as_json:
            common.print_json(data)
        else:
            _print(data)


def _reviews(collection: Collection, card: int) -> list[dict[str, Any]]:
    return [
        {
            "at": collection.clock.iso(review.id),
            "kind": review.kind.name.lower().replace("_", "-"),
            "rating": None if review.rating is None else review.rating.name.lower(),
            "duration_ms": review.duration_ms,
            "state_before": review.state_before.name.lower(),
            "state": review.state_after.name.lower(),
            "interval": review.interval_after,
            "stability": review.stability,
            "difficulty": review.difficulty,
        }
        for review in collection.store.log(card)
    ]


def _print(data: dict[str, Any]) -> None:
    for side in ("front", "back"):
        click.echo(click.style(f"{side.capitalize()}:", bold=True))
        for line in data[side].splitlines():
            common.flow(f"  {common.visible(line)}")
    facts = {
        "id": data["id"],
        "place": f"{data['file']}:{data['line']}",
        "deck": " > ".join([data["deck"], *data["breadcrumb"]]),
        "tags": " ".join(data["tags"]),
        "state": data["state"] + (", suspended" if data["suspended"] else ""),
        "due": data["due"],
        "stability": data["stability"] and f"{data['stability']:.2f} days",
        "difficulty": data["difficulty"] and f"{data['difficulty']:.2f} of 10",
        "recall now": data["retrievability"] and f"{data['retrievability']:.0%}",
        "reviews": f"{data['reps']}, {data['lapses']} lapses" if data["reps"] else "",
    }
    common.flow()
    for name, value in facts.items():
        if value:
            common.flow(f"{name:11} {common.visible(str(value))}", 2)
    if data["points"]:
        common.flow("\ncovered  point, those missed most first")
    for each in data["points"]:
        common.flow(f"{each['covered']:>3} of {each['reviews']:<2} {common.visible(each['point'])}", 2)
    if data["reviews"]:
        click.echo(f"\n{'when':26}{'rating':9}{'took':>7}  {'next in':>9}  stability  difficulty")
    for review in data["reviews"]:
        common.flow(_review_line(review), 2)


def _review_line(review: dict[str, Any]) -> str:
    memory = ""
    if review["stability"] is not None:
        memory = f"  {review['stability']:>9.2f}  {review['difficulty']:>10.2f}"
    took = f"{review['duration_ms'] / 1000:.1f}s"
    what = review["rating"] or review["kind"]
    return f"{review['at']:26}{what:9}{took:>7}  {short_interval(review['interval']):>9}{memory}"
