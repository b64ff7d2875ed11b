"""The commands `list`, `show` and `edit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import complete, console
from flashcards.text import NO_CARDS, format_interval

if TYPE_CHECKING:
    from flashcards.collection import Collection


@click.command("list", cls=console.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, one card a line.")
def list_command(query: tuple[str, ...], as_json: bool) -> None:
    """List the cards that a query finds; without one, all cards.

    \b
    flashcards list
    flashcards list deck:tpm is:due
    flashcards list 'tag:exam -is:suspended prop:lapses>3'
    flashcards list --json "critical path"
    """
    from flashcards.cards import build_records
    from flashcards.collection import now_ms
    from flashcards.query import find_card_ids

    with console.read_collection() as collection:
        found = find_card_ids(collection, console.join_query(query, collection.catalog.decks()))
        if as_json:
            console.print_json_lines(build_records(collection, found, now_ms()))
        elif not found:
            console.print_text("No card matches." if query else NO_CARDS, err=bool(query))
        else:
            lines = ("\n".join(console.fit_line(_line(each), 2)) for each in build_records(collection, found, now_ms()))
            # The pager adds the last line break itself.
            console.page(f"\n{line}" if number else line for number, line in enumerate(lines))


def _line(card: dict[str, Any]) -> str:
    due = "suspended" if card["suspended"] else (card["due"] or "new")[:10]
    name = f"{card['note'][:7]}.{card['slot']}"
    return f"{name:16} {due:10}  {console.make_visible(card['deck'])}  {console.shorten(card['front'], 70)}"


@click.command("show")
@click.argument("card", shell_complete=complete.card)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the card as in `list`, and its reviews.")
def show_command(card: str, as_json: bool) -> None:
    """Show a card with its text, schedule and history.

    CARD is the id that `list` shows, or a unique prefix of it; or PATH:LINE.

    \b
    flashcards show k7f3q2m.c1
    flashcards show tpm/tools.md:12
    """
    from flashcards.cards import build_record, find_card
    from flashcards.collection import now_ms
    from flashcards.review.rubric import count_points

    with console.read_collection() as collection:
        found = collection.store.card(find_card(collection, card))
        data = build_record(collection, found, collection.note_of(found), now_ms())
        data["reviews"] = _reviews(collection, found.id)
        data["points"] = [each._asdict() for each in count_points(collection.connection, found.id)]
        if as_json:
            console.print_json(data)
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
        console.echo(click.style(f"{side.capitalize()}:", bold=True))
        for line in data[side].splitlines():
            console.print_text(f"  {console.make_visible(line)}")
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
    console.print_text()
    for name, value in facts.items():
        if value:
            console.print_text(f"{name:11} {console.make_visible(str(value))}", 2)
    if data["points"]:
        console.print_text("\ncovered  point (most missed first)")
    for each in data["points"]:
        console.print_text(f"{each['covered']:>3} of {each['reviews']:<2} {console.make_visible(each['point'])}", 2)
    if data["reviews"]:
        console.echo(f"\n{'when':26}{'rating':9}{'took':>7}  {'next in':>9}  stability  difficulty")
    for review in data["reviews"]:
        console.print_text(_review_line(review), 2)


def _review_line(review: dict[str, Any]) -> str:
    memory = ""
    if review["stability"] is not None:
        memory = f"  {review['stability']:>9.2f}  {review['difficulty']:>10.2f}"
    took = f"{review['duration_ms'] / 1000:.1f}s"
    what = review["rating"] or review["kind"]
    return f"{review['at']:26}{what:9}{took:>7}  {format_interval(review['interval']):>9}{memory}"


@click.command("edit")
@click.argument("card", shell_complete=complete.card)
def edit_command(card: str) -> None:
    """Open a card in your editor.

    CARD is the id that `list` shows, or a unique prefix of it; or PATH:LINE. The editor is $VISUAL or $EDITOR.

    \b
    flashcards edit k7f3q2m.c1
    flashcards edit tpm/tools.md:12
    """
    from flashcards.cards import TextGone, find_card
    from flashcards.review.programs import open_editor

    with console.read_collection() as collection:
        found = collection.store.card(find_card(collection, card))
        entry = collection.note_of(found)
        if not entry.active:
            raise TextGone(card)
        open_editor(collection.root / entry.path, entry.note.line)
    with console.open_collection():  # the new text is linked with the one before
        pass
