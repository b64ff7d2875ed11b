"""The command `optimize`."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import console
from flashcards.cli.params import Excludes, OptionRules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flashcards.collection import Collection
    from flashcards.insight.optimize import Scope
    from flashcards.insight.report import DataTable
    from scheduler.intervals import Move
    from scheduler.measures import Figures

_DAYS_SHOWN = 14
_NO_BETTER_THAN_THE_AVERAGE = (
    "A constant prediction (your average recall) would have done even better: FSRS found little to learn from these"
    " reviews."
)


@click.command("optimize")
@click.option("--dry-run", is_flag=True, help="Only show how well fitted parameters would predict.")
@click.option("--per-deck", is_flag=True, help="Also fit each top-level deck by itself, if that predicts it better.")
@click.option("--reschedule", is_flag=True, help="Move due days to match the memory states, after showing the change.")
@click.option("--yes", "-y", is_flag=True, help="Move due days without a confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@OptionRules(Excludes("--dry-run", ("--yes",), "it changes nothing"))
def command(dry_run: bool, per_deck: bool, reschedule: bool, yes: bool, as_json: bool) -> None:
    """Fit the FSRS parameters to your own memory.

    The newest fifth of the reviews tests parameters fitted to the older ones; the better parameters are saved in
    flashcards.toml. Decks with parameters of their own there are fitted separately. Memory states are recomputed; due
    days stay unless you add --reschedule. Needs 400 reviews.

    \b
    flashcards optimize --dry-run
    flashcards optimize
    flashcards optimize --reschedule
    flashcards optimize --per-deck --dry-run
    """
    from flashcards.errors import UsageError

    if reschedule and as_json and not (yes or dry_run):
        raise UsageError("--reschedule asks before it moves due days, which --json cannot do. Add --yes.")
    with console.open_collection() as collection:
        scopes = _fit(collection, per_deck)
        if not as_json:
            _print(scopes, dry_run=dry_run)
        moves = reschedule and _confirm_moves(collection, scopes, yes or dry_run, as_json=as_json) and not dry_run
        recomputed, moved = (0, 0) if dry_run else _apply(collection, scopes, reschedule=moves)
    if as_json:
        written = [scope.deck for scope in scopes if scope.is_better and not dry_run]
        found = {"scopes": [_record(scope) for scope in scopes], "written": written}
        console.print_json({**found, "recomputed": recomputed, "rescheduled": moved})
        return
    if recomputed:
        console.echo(f"{console.plural(recomputed, 'memory state')} recomputed.")
    if moved:
        console.echo(f"{console.plural(moved, 'card')} moved.")


def _fit(collection: Collection, per_deck: bool) -> list[Scope]:
    """Fit parameters to the reviews of the collection."""
    from flashcards.errors import FlashcardsError
    from flashcards.insight.optimize import LEAST_REVIEWS, fit_all, fit_decks

    scopes = fit_all(collection)
    if not any(scope.fit for scope in scopes):
        most = max(scope.reviews for scope in scopes)
        where = " in decks with the same parameters" if len(scopes) > 1 else ""
        raise FlashcardsError(
            f"Only {console.plural(most, 'usable review')} (at least a day after the card's previous review){where}"
            f"{_describe_ignored(collection)}; optimize needs {LEAST_REVIEWS}."
        )
    if per_deck and scopes[0].fit:
        scopes += fit_decks(collection, scopes[0].fit.parameters)
    return scopes


def _describe_ignored(collection: Collection) -> str:
    before = collection.settings.policy.ignore_reviews_before
    return f", of cards first learnt since {before} (`ignore_reviews_before`)" if before else ""


def _confirm_moves(collection: Collection, scopes: Sequence[Scope], yes: bool, *, as_json: bool) -> bool:
    """Show which due days would move, and ask for it unless that is answered."""
    from flashcards.insight.optimize import preview_parameters
    from scheduler.intervals import find_moves

    if as_json:
        return True
    with preview_parameters(collection, scopes) as policy_of:
        found = find_moves(collection.store, policy_of)
        _show_moves(collection, found)
    return bool(found) and (yes or console.ask("Move these cards?"))


def _apply(collection: Collection, scopes: Sequence[Scope], *, reschedule: bool) -> tuple[int, int]:
    """Back up the state, and apply the parameters as one act; return how many states and due days are new."""
    from flashcards.insight.optimize import apply_parameters
    from flashcards.settings import FILE_NAME
    from flashcards.undo import record_with_copy
    from scheduler import backup, remove_old_backups

    with record_with_copy(collection, "optimize", [collection.root / FILE_NAME]):
        backup(collection.connection, collection.backups)
        done = apply_parameters(collection, scopes, reschedule=reschedule)
    remove_old_backups(collection.database, collection.backups)
    return done


def _show_moves(collection: Collection, found: Sequence[Move]) -> None:
    """Print the due cards of the next days, before and after the change."""
    from flashcards.collection import now_ms
    from flashcards.insight.report import Column, DataTable, whole
    from scheduler.intervals import count_due_by_day

    if not found:
        console.echo("No due day would change.")
        return
    today = collection.clock.day(now_ms())
    before = count_due_by_day(collection.store, today, _DAYS_SHOWN)
    after = count_due_by_day(collection.store, today, _DAYS_SHOWN, found)
    console.print_text(f"{console.plural(len(found), 'card')} would be due on another day. Cards due:")
    rows = [
        {"day": str(collection.clock.date(today + number)), "now": was, "then": will}
        for number, (was, will) in enumerate(zip(before, after, strict=True))
    ]
    _show(DataTable([Column("day", "day"), Column("now", "now", whole), Column("then", "then", whole)], rows))


def _print(scopes: Sequence[Scope], *, dry_run: bool) -> None:
    from flashcards.insight.report import Column, DataTable

    own = any(scope.own for scope in scopes)
    for _, together in groupby(scopes, lambda scope: id(scope.fit) if scope.fit else scope.deck):
        scope, *more = together
        name = ", ".join(each.deck for each in (scope, *more)) or ("All other decks" if own else "All decks")
        if scope.fit is None:
            if own and not scope.reviews:
                continue
            console.print_text(f"{name}: {console.plural(scope.reviews, 'review')}; not enough to fit.")
            console.echo()
            continue
        fit = scope.fit
        console.print_text(f"{name}: {fit.reviews:,} reviews. Prediction of the newest {fit.present.reviews:,}:")
        compared = "the parameters of all decks" if scope.deck and not scope.own else "the present parameters"
        rows = [(compared, fit.present), ("fitted to the older reviews", fit.fitted)]
        if fit.own != fit.present:
            rows.append(("FSRS defaults", fit.own))
        rows.append(("constant average", fit.average))
        form = "{:.4f}".format
        columns = [Column("", "what"), Column("log loss", "log_loss", form), Column("RMSE(bins)", "rmse_bins", form)]
        _show(DataTable(columns, [{"what": what, **figures._asdict()} for what, figures in rows]))
        console.print_text(_describe_verdict(scope, dry_run=dry_run))
        if min(fit.present.log_loss, fit.fitted.log_loss, fit.own.log_loss) > fit.average.log_loss:
            console.print_text(_NO_BETTER_THAN_THE_AVERAGE)
        console.echo()


def _show(table: DataTable) -> None:
    from flashcards.insight.terminal import draw_table, open_console

    screen = open_console()
    with screen.capture() as drawn:
        screen.print(draw_table(table, screen.width))
    console.echo(drawn.get(), nl=False)


def _describe_verdict(scope: Scope, *, dry_run: bool) -> str:
    if scope.is_better and scope.fit:
        which = "The FSRS defaults predict best" if scope.fit.taken == "own" else "The fitted parameters predict better"
        return f"{which}: they {'would be' if dry_run else 'are now'} used."
    if scope.deck and not scope.own:
        return "Its own parameters would not predict better: the deck keeps those of all decks."
    if scope.fit and scope.fit.fitted.log_loss < scope.fit.present.log_loss:
        return "Over all reviews, the present parameters predict at least as well: they are kept."
    return "The present parameters predict at least as well: they are kept."


def _record(scope: Scope) -> dict[str, Any]:
    fit = scope.fit
    return {
        "deck": scope.deck,
        "reviews": scope.reviews,
        "wanted": scope.is_better,
        "parameters": list(fit.parameters) if fit else None,
        "present": _figures(fit.present) if fit else None,
        "fitted": _figures(fit.fitted) if fit else None,
        "fsrs": _figures(fit.own) if fit else None,
        "average": _figures(fit.average) if fit else None,
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {"reviews": figures.reviews, "log_loss": figures.log_loss, "rmse_bins": figures.rmse_bins}
