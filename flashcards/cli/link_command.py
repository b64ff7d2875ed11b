"""`flashcards link`."""

from __future__ import annotations

import click

from flashcards.cli import common


@click.command("link")
@click.argument("old")
@click.argument("new")
@click.option(
    "--yes", "-y", is_flag=True, help="Link even if NEW was reviewed: its reviews are added to OLD's history."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(old: str, new: str, yes: bool, as_json: bool) -> None:
    """Say that a note is one that lost its text: it goes on with the old one's history.

    OLD is the id of a note that `flashcards orphans` lists. NEW is a note in a deck: the id of one of its cards, or
    PATH:LINE. For the rare edit that was not recognised, or where `flashcards scan` could not decide.

    \b
    flashcards link k7f3q2m tpm/tools.md:12
    """
    from flashcards.relink import link

    with common.opened() as collection:
        before, after = common.named_note(collection, old), common.named_note(collection, new)
        linked = link(collection, before, after, with_reviews=yes)
        if as_json:
            common.print_json({"note": linked.key, "reviews": linked.reviews})
            return
        place = common.visible(f"{after.path}:{after.note.line}")
        added = f" {common.plural(linked.reviews, 'review')} added to it." if linked.reviews else ""
        common.flow(f"{place} goes on with the history of {linked.key}.{added}")
