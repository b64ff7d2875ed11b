"""`flashcards doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from flashcards.cli import common

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from scheduler.rebuild import Difference


@click.command("doctor")
@click.option("--rebuild", is_flag=True, help="Replay the review log and put right what differs from it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(rebuild: bool, as_json: bool) -> int:
    """Examine the review state: the database, and every card against its log.

    The log is the truth: `--rebuild` makes every card what its reviews say, after a backup. A damaged database is
    left as it is. Leaves with 1 if something is wrong and was not put right.

    \b
    flashcards doctor
    flashcards doctor --rebuild
    """
    from scheduler import backup, check

    with common.unscanned() as collection:
        damage = check(collection.connection)
        rebuild = rebuild and not damage  # a copy of damage would push a sound backup out
        saved = backup(collection.connection, collection.backups) if rebuild else None
        found = [] if damage else _replayed(collection, rebuild)
        cards = {difference.card for difference in found}
        reviews = 0 if damage else _count(collection)
        if as_json:
            common.print_json(
                {
                    "database": str(collection.database),
                    "damage": damage,
                    "reviews": reviews,
                    "differences": [difference._asdict() for difference in found],
                    "rebuilt": rebuild,
                }
            )
        else:
            _print(damage, found, len(cards), reviews, str(saved) if saved else "")
        return 1 if damage or (found and not rebuild) else 0


def _replayed(collection: Collection, apply: bool) -> list[Difference]:
    return collection.store.rebuild(lambda deck: collection.policy(deck).parameters, apply=apply)


def _count(collection: Collection) -> int:
    (reviews,) = collection.connection.execute("SELECT count(*) FROM reviews").fetchone()
    return int(reviews)


def _print(damage: list[str], found: Sequence[Difference], cards: int, reviews: int, saved: str) -> None:
    for text in damage:
        click.echo(f"Database: {text}")
    if damage:
        click.echo("`flashcards restore` puts the newest backup in its place.", err=True)
        return
    click.echo("The database is sound.")
    if not found:
        click.echo(f"Every card is what its log of {common.plural(reviews, 'review')} says.")
    elif saved:
        click.echo(f"{common.plural(cards, 'card')} put right by the log. The state before is in {saved}.")
    else:
        click.echo(
            f"{common.plural(cards, 'card')} differ from the log. `flashcards doctor --rebuild` puts them right."
        )
