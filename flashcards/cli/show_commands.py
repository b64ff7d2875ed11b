"""The commands `due`, `status`, `list`, `show` and `edit`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import complete, console
from flashcards.cli.params import QueryCommand
from flashcards.text import NO_CARDS, format_interval, list_deck_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flashcards.collection import Collection
    from scheduler.queue import Counts, Held


@click.command("list", cls=QueryCommand)
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
    from flashcards.query import describe_no_match, find_card_ids

    with console.read_collection() as collection:
        found = find_card_ids(collection, console.join_query(query, collection.catalog.decks()))
        records = build_records(collection, found, now_ms())
        if as_json:
            console.print_json_lines(records)
        elif not found:
            console.print_text(describe_no_match(collection, query) if query else NO_CARDS, err=bool(query))
        else:
            lines = ("\n".join(console.fit_line(_format_card(each), 2)) for each in records)
            # The pager adds the last line break itself.
            console.page(f"\n{line}" if number else line for number, line in enumerate(lines))


def _format_card(card: dict[str, Any]) -> str:
    due = "suspended" if card["suspended"] else (card["due"] or "new")[:10]
    name = f"{card['note'][:7]}.{card['slot']}"
    return f"{name:16} {due:10}  {console.make_visible(card['deck'])}  {console.clip(card['front'], 70)}"


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
    from flashcards.review.grading import count_points

    with console.read_collection() as collection:
        found = collection.store.card(find_card(collection, card))
        data = build_record(collection, found.id, now_ms())
        data["reviews"] = _review_records(collection, found.id)
        data["points"] = [each._asdict() for each in count_points(collection.connection, found.id)]
        if as_json:
            console.print_json(data)
        else:
            _print_card(data)


def _review_records(collection: Collection, card_id: int) -> list[dict[str, Any]]:
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
        for review in collection.store.log(card_id)
    ]


def _print_card(data: dict[str, Any]) -> None:
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


@click.command("due", cls=QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def due_command(query: tuple[str, ...], as_json: bool) -> None:
    """Show how many cards are due today, by deck.

    The counts of new, learning and review cards are those that `flashcards review` would ask, within the daily limits
    and without buried siblings. If a limit holds cards back, it is named.

    \b
    flashcards due
    flashcards due tpm --json
    """
    from flashcards.collection import find_session_policy, now_ms
    from scheduler.queue import Counts, summarize_day

    with console.read_collection() as collection:
        names = collection.catalog.deck_names()
        only, at, store = console.select_cards(collection, query), now_ms(), collection.store
        policy = find_session_policy(collection, only)
        found, held = summarize_day(store, collection.deck_policies, at, session_policy=policy, only_cards=only)
        counts = {names[deck]: count for deck, count in found.items() if any(count)}
        total = Counts(*_sum_counts(counts.values()))
        if as_json:
            decks = [{"deck": name, **counts[name]._asdict()} for name in sorted(counts)]
            record = {"total": total._asdict(), "decks": decks}
            console.print_json(record | ({"held_back": _make_held_records(collection, held)} if held else {}))
        elif not names:
            console.print_text(NO_CARDS)
        elif only == frozenset():
            from flashcards.query import describe_no_match  # imported late, because it loads slowly

            console.print_text(describe_no_match(collection, query), err=True)
        else:
            _print_counts(counts, total)
            for row in _make_held_records(collection, held):
                where = f"of `{row['deck']}`" if row["deck"] else "of the whole collection"
                cards = console.plural(row["cards"], f"{row['kind']} card")
                console.print_text(f"{cards} held back: `{row['setting']} = {row['limit']}` {where}.")


def _make_held_records(collection: Collection, held: Sequence[Held]) -> list[dict[str, Any]]:
    """Describe the limits that hold cards back; the deck "" is the whole collection."""
    names = collection.catalog.deck_names()
    policies = {deck.id: deck.policy for deck in collection.deck_policies}
    return [
        {
            "setting": setting,
            "deck": names.get(deck, ""),
            "limit": getattr(policies[deck], setting),
            "kind": kind,
            "cards": cards,
        }
        for setting, deck, kind, cards in held
    ]


_COLUMNS = 26  # width of the numbers next to the names


def _sum_counts(counts: Iterable[Sequence[int]]) -> Iterator[int]:
    """Add up numbers of new, learning and review cards."""
    return map(sum, zip((0, 0, 0), *counts, strict=True))


def _print_counts(counts: dict[str, Counts], total: Counts) -> None:
    if not any(total):
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
            console.print_text(f"total: {_describe_numbers(total)}", 2)
        return
    console.echo(f"{'':{width}}  {'new':>6} {'learning':>9} {'review':>7}")
    for name in sorted(tree, key=lambda name: name.split("::")):
        console.echo(f"{labels[name]:{width}}  {_format_numbers(tree[name])}")
    if several:
        console.echo(f"{'total':{width}}  {_format_numbers(total)}")


def _describe_numbers(numbers: Sequence[int]) -> str:
    return ", ".join(f"{number:,} {kind}" for number, kind in zip(numbers, ("new", "learning", "review"), strict=True))


def _format_numbers(numbers: Sequence[int]) -> str:
    new, learning, review = numbers
    return (
        click.style(f"{new:>6}", fg="blue" if new else None)
        + click.style(f" {learning:>9}", fg="red" if learning else None)
        + click.style(f" {review:>7}", fg="green" if review else None)
    )


def _add_parents(counts: dict[str, Counts]) -> dict[str, Sequence[int]]:
    """Add the counts of each deck to those of its parents."""
    tree: dict[str, Sequence[int]] = {}
    for name, count in counts.items():
        for above in list_deck_path(name):
            tree[above] = tuple(_sum_counts([tree.get(above, (0, 0, 0)), count]))
    return tree


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status_command(as_json: bool) -> None:
    """Show the folder, its review state and what is due.

    \b
    flashcards status
    flashcards -C ~/notes status
    """
    from flashcards.nested import find_splits

    with console.read_collection() as collection:
        data = _collect_status(collection)
        splits = find_splits(collection)
        if as_json:
            console.print_json(data | {"splits": [split.folder or ".." for split in splits]})
            return
        for name, value in _describe_status(data).items():
            console.print_text(f"{name:9} {console.make_visible(value)}", 10)
        for split in splits:
            console.print_text(
                f"\nWarning: {console.make_visible(split.message)} {console.make_visible(split.hint)}", err=True
            )


def _collect_status(collection: Collection) -> dict[str, Any]:
    from flashcards.collection import find_session_policy, now_ms
    from scheduler import count_by_deck
    from scheduler.backup_files import COUNT_RATINGS, list_backups

    files, notes = collection.catalog.count_files(), collection.catalog.count_notes()
    (decks,) = collection.connection.execute("SELECT count(DISTINCT deck) FROM notes WHERE active = 1").fetchone()
    (cards,) = collection.connection.execute("SELECT count(*) FROM cards WHERE active = 1").fetchone()
    (reviews,) = collection.connection.execute(COUNT_RATINGS).fetchone()
    newest = next(iter(list_backups(collection.backups, collection.database.stem)), None)
    written = datetime.fromtimestamp(newest.stat().st_mtime, UTC) if newest else None
    policy = find_session_policy(collection)
    due = count_by_deck(collection.store, collection.deck_policies, now_ms(), session_policy=policy).values()
    database = collection.database
    return {
        "folder": str(collection.root.resolve()),
        "state": str(database.resolve()) if database.exists() else None,
        "state_bytes": database.stat().st_size if database.exists() else 0,
        "files": files,
        "decks": decks,
        "notes": notes,
        "cards": cards,
        "reviews": reviews,
        "last_backup": str(newest.resolve()) if newest else None,
        "last_backup_at": written.astimezone().isoformat(timespec="seconds") if written else None,
        "due": dict(zip(("new", "learning", "review"), _sum_counts(due), strict=True)),
    }


def _describe_status(data: dict[str, Any]) -> dict[str, str]:
    due = data["due"]
    plural = console.plural
    state = f"{data['state']} ({data['state_bytes']:,} bytes)" if data["state"] else "not made yet"
    holds = f"{plural(data['decks'], 'deck')}, {plural(data['notes'], 'note')}, {plural(data['cards'], 'card')}"
    return {
        "folder": data["folder"],
        "state": state,
        "holds": f"{holds} in {plural(data['files'], 'file')}",
        "reviews": f"{data['reviews']:,}",
        "backup": f"{data['last_backup']} of {data['last_backup_at'][:10]}" if data["last_backup"] else "not made yet",
        "due": f"{due['new']:,} new, {due['learning']:,} learning, {due['review']:,} to review",
    }
