"""The commands `stats`, `forecast`, `simulate`, `readiness` and `optimize`."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import complete, console
from flashcards.cli.params import Day, Excludes, Number, OptionRules, QueryCommand, WholeNumber, read_date
from flashcards.text import NO_CARDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

    from flashcards.collection import Collection
    from flashcards.insight.optimize import Scope
    from flashcards.insight.report import DataTable, Report
    from scheduler.intervals import Move


_YEAR = 365


@click.command("stats", cls=QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--days", type=WholeNumber(1, 36_500), default=_YEAR, metavar="N", help="Days to look back; default 365.")
@click.option("--all", "everything", is_flag=True, help="Include all reviews.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with plots.")
@OptionRules(Excludes("--all", ("--days",), "it includes all reviews"))
def stats_command(query: tuple[str, ...], days: int, everything: bool, as_json: bool, page: Path | None) -> None:
    """Show past reviews, recall and predictions.

    QUERY limits the statistics to some cards. docs/stats.md explains every number.

    \b
    flashcards stats
    flashcards stats tpm --days 30
    flashcards stats --html stats.html
    """
    from flashcards.collection import now_ms
    from flashcards.insight.overview import build_overview
    from flashcards.insight.stats_report import build_stats_report

    check_page(page)
    with console.read_collection() as collection:
        only = console.select_cards(collection, query)
        found = build_overview(collection, now_ms(), None if everything else days, only)
        has_cards = any(found.cards.states.values()) or found.cards.orphaned
        empty = "" if has_cards else (explain_no_cards(collection, only) or NO_CARDS)
    show_report(build_stats_report(found), page, as_json=as_json, empty=empty)


@click.command("forecast", cls=QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--days", type=WholeNumber(1, 3650), default=30, metavar="N", help="Days to look ahead; default 30.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with plots.")
def forecast_command(query: tuple[str, ...], days: int, as_json: bool, page: Path | None) -> None:
    """Show how many cards will be due in the next days.

    "Due now" counts the current due days. "Expected" simulates reviewing every day, with returning cards and new ones
    within the limits.

    \b
    flashcards forecast
    flashcards forecast tpm --days 14
    flashcards forecast --html forecast.html
    """
    from flashcards.collection import now_ms
    from flashcards.insight.forecast import build_forecast, build_forecast_report

    check_page(page)
    with console.read_collection() as collection, console.progress("Looking ahead") as step:
        only = console.select_cards(collection, query)
        empty = explain_no_cards(collection, only)
        if empty and not as_json:
            console.print_text(empty)
            return
        if not collection.deck_policies:
            console.print_json({"overdue": 0, "days": [], "speed_assumed": False})
            return
        found = build_forecast(collection, now_ms(), days, only, step)
    show_report(build_forecast_report(found), page, as_json=as_json)


@click.command("simulate", cls=QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--days", type=WholeNumber(1, 3650), default=365, metavar="N", help="Days to simulate; default 365.")
@click.option(
    "--retention",
    "retentions",
    type=Number(0.7, 0.99),
    multiple=True,
    metavar="R",
    help="A retention to compare, 0.7 to 0.99; repeatable. Default: six from 0.70 to 0.95.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with plots.")
def simulate_command(
    query: tuple[str, ...], days: int, retentions: tuple[float, ...], as_json: bool, page: Path | None
) -> None:
    """Compare the workload and benefit of several retentions.

    Simulates daily reviews of your cards with your parameters, your limits, and the answers and speed of your log.

    \b
    flashcards simulate
    flashcards simulate tpm --days 90
    flashcards simulate --retention 0.85 --retention 0.92
    """
    from flashcards.collection import now_ms
    from flashcards.insight import workload

    check_page(page)
    with console.read_collection() as collection, console.progress("Simulating") as step:
        only = console.select_cards(collection, query)
        retention = collection.settings.policy.retention
        if empty := explain_no_cards(collection, only):
            found = workload.Comparison(days, retention, 1.0, ())
        else:
            wanted = tuple(sorted({*retentions, retention})) if retentions else workload.RETENTIONS
            found = workload.compare_retentions(collection, now_ms(), days, wanted, only, step)
    show_report(workload.build_workload_report(found), page, as_json=as_json, empty=empty)


def explain_no_cards(collection: Collection, only: frozenset[int] | None) -> str:
    """Return the message to print if no cards exist or none match, else an empty string."""
    if not collection.deck_policies:
        return NO_CARDS
    return "No card matches. `flashcards list` shows all cards." if only == frozenset() else ""


def check_page(page: Path | None) -> None:
    """Raise an error, before any work is done, if the file to write exists and is not a page."""
    if page:
        from flashcards.insight.page import check_target

        check_target(page)


def show_report(report: Report, page: Path | None, *, as_json: bool, empty: str = "") -> None:
    """Print a report as JSON or text and write its page, or print `empty` if it is not blank."""
    if as_json:
        console.print_json(report.record)
    elif empty:
        console.print_text(empty)
    elif not page:
        from flashcards.insight.terminal import draw_report

        _print_drawing(lambda width: draw_report(report, width))
    if page and not empty:
        from flashcards.insight.page import write_page

        write_page(report, page)
        console.print_text(f"Wrote {page}. Open it in a browser.", err=as_json)


def _print_drawing(draw: Callable[[int], RenderableType]) -> None:
    """Print a drawing that fits the width of the terminal."""
    from flashcards.insight.terminal import open_console

    screen = open_console()
    with screen.capture() as drawn:
        screen.print(draw(screen.width))
    console.echo(drawn.get(), nl=False)


@click.command("readiness", cls=QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option(
    "--on",
    "on",
    metavar="DATE",
    type=Day(),
    help="The day, like 2026-12-15. Default: the last `deadline` of the decks.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with plots.")
def readiness_command(query: tuple[str, ...], on: str | None, as_json: bool, page: Path | None) -> None:
    """Predict how much you will know on a given day.

    Compares doing nothing with following the plan. Shows the new cards and minutes per day that the plan takes, whether
    your limits allow it, and the cards that gain most from a review now. New cards count as not known.

    \b
    flashcards readiness --on 2026-12-15
    flashcards readiness tpm --on 2026-12-15 --html ready.html
    """
    from flashcards.collection import now_ms
    from flashcards.errors import UsageError
    from flashcards.insight.readiness_report import FARTHEST, find_last_deadline, report_readiness
    from scheduler.clock import count_days

    check_page(page)
    with console.read_collection() as collection, console.progress("Predicting the day") as step:
        at = now_ms()
        today = collection.clock.day(at)
        given = read_date(on, collection.clock.date(today)) if on else None
        day = count_days(given) if given else find_last_deadline(collection)
        if day is None:
            raise UsageError(
                "No deck has a `deadline`. Choose a day, for example `flashcards readiness --on 2026-12-15`."
            )
        named = collection.clock.date(day)
        if on is None and day <= today:
            raise UsageError(f"The last `deadline` of the decks, {named}, has passed. Choose a day with --on.")
        if not today < day <= today + FARTHEST:
            raise UsageError(f"{named} is not between tomorrow and ten years from now. Choose another day with --on.")
        only = console.select_cards(collection, query)
        empty = explain_no_cards(collection, only)
        report = report_readiness(collection, at, day, only, step)
    show_report(report, page, as_json=as_json, empty=empty)


_DAYS_SHOWN = 14
_NO_BETTER_THAN_THE_AVERAGE = (
    "A constant prediction (your average recall) would have done even better: FSRS found little to learn from these"
    " reviews."
)


@click.command("optimize")
@click.option("--dry-run", is_flag=True, help="Only show how well the fitted parameters would predict.")
@click.option("--per-deck", is_flag=True, help="Also fit each top-level deck separately, if that predicts it better.")
@click.option("--reschedule", is_flag=True, help="Move due days to match the memory states, after showing the change.")
@click.option("--yes", "-y", is_flag=True, help="Move due days without a confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@OptionRules(Excludes("--dry-run", ("--yes",), "it changes nothing"))
def optimize_command(dry_run: bool, per_deck: bool, reschedule: bool, yes: bool, as_json: bool) -> None:
    """Fit the FSRS parameters to your reviews.

    Parameters fitted to the older reviews are tested on the newest fifth; the better ones are saved in flashcards.toml.
    Decks with their own parameters are fitted separately. Memory states are recomputed. Due days change only with
    --reschedule. Needs 400 reviews.

    \b
    flashcards optimize --dry-run
    flashcards optimize
    flashcards optimize --reschedule
    flashcards optimize --per-deck --dry-run
    """
    from flashcards.errors import UsageError

    if reschedule and as_json and not (yes or dry_run):
        raise UsageError("--reschedule asks for a confirmation, which --json cannot do. Add --yes.")
    with console.open_collection() as collection:
        scopes = _fit_parameters(collection, per_deck)
        if not as_json:
            _print_scopes(scopes, dry_run=dry_run)
        if reschedule and not as_json:
            reschedule = _confirm_moves(collection, scopes, yes or dry_run)
        recomputed, moved = (0, 0) if dry_run else _apply_parameters(collection, scopes, reschedule=reschedule)
    if as_json:
        written = [scope.deck for scope in scopes if scope.is_better and not dry_run]
        found = {"scopes": [_make_scope_record(scope) for scope in scopes], "written": written}
        console.print_json({**found, "recomputed": recomputed, "rescheduled": moved})
        return
    if recomputed:
        console.echo(f"{console.plural(recomputed, 'memory state')} recomputed.")
    if moved:
        console.echo(f"{console.plural(moved, 'card')} moved.")


def _fit_parameters(collection: Collection, per_deck: bool) -> list[Scope]:
    """Fit parameters to the reviews of the collection."""
    from flashcards.errors import FlashcardsError
    from flashcards.insight.optimize import fit_all, fit_decks
    from scheduler.fit import LEAST_REVIEWS

    scopes = fit_all(collection)
    if not any(scope.fit for scope in scopes):
        most = max(scope.reviews for scope in scopes)
        where = " in decks with the same parameters" if len(scopes) > 1 else ""
        before = collection.settings.policy.ignore_reviews_before
        ignored = f", of cards first learned since {before} (`ignore_reviews_before`)" if before else ""
        raise FlashcardsError(
            f"Only {console.plural(most, 'usable review')} (at least a day after the card's previous review){where}"
            f"{ignored}; optimize needs {LEAST_REVIEWS}."
        )
    if per_deck and scopes[0].fit:
        scopes += fit_decks(collection, scopes[0].fit.parameters)
    return scopes


def _confirm_moves(collection: Collection, scopes: Sequence[Scope], yes: bool) -> bool:
    """Show the due days that would move, and ask whether to move them unless --yes is given."""
    from flashcards.insight.optimize import preview_parameters
    from scheduler.intervals import find_moves

    with preview_parameters(collection, scopes) as policy_of:
        found = find_moves(collection.store, policy_of)
        _show_moves(collection, found)
    return bool(found) and (yes or console.ask("Move these cards?"))


def _apply_parameters(collection: Collection, scopes: Sequence[Scope], *, reschedule: bool) -> tuple[int, int]:
    """Back up the state and apply the parameters as one act. Return the number of changed states and due days."""
    from flashcards.insight.optimize import apply_parameters
    from flashcards.undo import record_with_copy
    from scheduler import backup, remove_old_backups

    with record_with_copy(collection, "optimize"):
        backup(collection.connection, collection.backups)
        done = apply_parameters(collection, scopes, reschedule=reschedule)
    remove_old_backups(collection.database, collection.backups)
    return done


def _show_moves(collection: Collection, found: Sequence[Move]) -> None:
    """Print the number of due cards on the next days, before and after the change."""
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
    _print_table(DataTable([Column("day", "day"), Column("now", "now", whole), Column("then", "then", whole)], rows))


def _print_scopes(scopes: Sequence[Scope], *, dry_run: bool) -> None:
    from flashcards.insight.report import Column, DataTable

    own = any(scope.own for scope in scopes)
    for _, together in groupby(scopes, lambda scope: id(scope.fit) if scope.fit else scope.deck):
        scope, *more = together
        name = ", ".join(each.deck for each in (scope, *more)) or ("All other decks" if own else "All decks")
        if scope.fit is None:
            if own and not scope.reviews:
                continue
            console.print_text(f"{name}: {console.plural(scope.reviews, 'review')}, too few to fit.")
            console.echo()
            continue
        fit = scope.fit
        console.print_text(f"{name}: {fit.reviews:,} reviews. Prediction of the newest {fit.current.reviews:,}:")
        compared = "the parameters of all decks" if scope.deck and not scope.own else "the current parameters"
        rows = [(compared, fit.current), ("fitted to the older reviews", fit.fitted)]
        if fit.defaults != fit.current:
            rows.append(("FSRS defaults", fit.defaults))
        rows.append(("constant average", fit.average))
        form = "{:.4f}".format
        columns = [Column("", "what"), Column("log loss", "log_loss", form), Column("RMSE(bins)", "rmse_bins", form)]
        _print_table(DataTable(columns, [{"what": what, **figures._asdict()} for what, figures in rows]))
        console.print_text(_describe_verdict(scope, dry_run=dry_run))
        if min(fit.current.log_loss, fit.fitted.log_loss, fit.defaults.log_loss) > fit.average.log_loss:
            console.print_text(_NO_BETTER_THAN_THE_AVERAGE)
        console.echo()


def _print_table(table: DataTable) -> None:
    from flashcards.insight.terminal import draw_table

    _print_drawing(lambda width: draw_table(table, width))


def _describe_verdict(scope: Scope, *, dry_run: bool) -> str:
    if scope.is_better and scope.fit:
        are_defaults = scope.fit.taken == "defaults"
        which = "The FSRS defaults predict best" if are_defaults else "The fitted parameters predict better"
        return f"{which}: they {'would be' if dry_run else 'are now'} used."
    if scope.deck and not scope.own:
        return "Separate parameters would not predict better. The deck keeps those of all decks."
    if scope.fit and scope.fit.fitted.log_loss < scope.fit.current.log_loss:
        return "Over all reviews, the current parameters predict at least as well and are kept."
    return "The current parameters predict at least as well and are kept."


def _make_scope_record(scope: Scope) -> dict[str, Any]:
    fit = scope.fit
    return {
        "deck": scope.deck,
        "reviews": scope.reviews,
        "wanted": scope.is_better,
        "parameters": list(fit.parameters) if fit else None,
        "present": fit.current._asdict() if fit else None,
        "fitted": fit.fitted._asdict() if fit else None,
        "fsrs": fit.defaults._asdict() if fit else None,
        "average": fit.average._asdict() if fit else None,
    }
