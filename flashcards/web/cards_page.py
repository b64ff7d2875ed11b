"""Pages about cards: decks with due counts, a search, one deck, one card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from flashcards.cards import CardNotFound, find_cards, format_card_id
from flashcards.collection import Collection, find_session_policy, now_ms
from flashcards.deck.cloze import build_face
from flashcards.deck.model import Kind
from flashcards.errors import FlashcardsError
from flashcards.insight.overview import read_question
from flashcards.query import find_card_ids
from flashcards.review.report import describe_card, format_due
from flashcards.review.session_plan import SessionPlan
from flashcards.review.views import Asked
from flashcards.text import list_deck_path, plural
from scheduler.queue import Counts, count_by_deck

if TYPE_CHECKING:
    from flashcards.catalog.store import Entry
    from flashcards.web.shared_state import Site, Visit

_PAGE: Final = 50  # cards or notes per page
_COUNTED: Final = 1000  # matches of a search; counting more would take long
_OF_DECKS: Final = (
    "SELECT c.id FROM cards c JOIN decks d ON d.id = c.deck"
    " WHERE c.active = 1 AND (d.name = ? OR d.name >= ? AND d.name < ?)"
)
_NOTES: Final = (
    "SELECT n.id FROM notes n JOIN decks d ON d.id = n.deck JOIN files f ON f.id = n.file"
    " WHERE n.active = 1 AND d.name = ? ORDER BY f.path, n.line"
)
_FIRST_CARDS: Final = "SELECT id, slot FROM cards WHERE note = ? AND active = 1 ORDER BY id"
_FARTHEST: Final = 365  # days
_EXAMPLES: Final = (
    ("is:due", "what is due now"),
    ("is:new", "what was never asked"),
    ("is:leech", "what is forgotten again and again"),
    ("flag:1", "what has the first flag"),
    ("prop:r<0.8", "what you recall with less than 80 %"),
    ("has:math -is:suspended", "cards with formulas that are not suspended"),
)


class DeckRow(NamedTuple):
    """A deck with the due counts of itself and its subdecks."""

    name: str
    title: str
    depth: int
    counts: Counts
    address: str


class NothingFound(FlashcardsError):
    """No card matches the query of a review."""

    def __init__(self, words: str) -> None:
        super().__init__(f"No card matches `{words}`. Change the query, or leave it empty for all cards.")


def find_number(visit: Visit) -> int:
    """Return the number of the card in the address."""
    return int(visit.path["card"])


def find_entry(site: Site, visit: Visit) -> Entry:
    """Return the note of the card in the address. Raise `CardNotFound` if there is no such card."""
    number = find_number(visit)
    found = None
    if number < 1 << 62:
        found = site.collection.connection.execute("SELECT note FROM cards WHERE id = ?", (number,)).fetchone()
    if found is None:
        raise CardNotFound(str(number))
    return site.collection.catalog.entry(found[0])


def show_decks(site: Site, visit: Visit) -> Response:
    """Show the decks, their due counts and the ways to start a review."""
    collection = site.collection
    collection.scan()
    rows = list_decks(collection, now_ms())
    total = Counts(*(sum(row.counts[at] for row in rows if row.depth == 0) for at in range(3)))
    return site.show(visit, "decks.html", decks=rows, total=total, can_go_on=site.is_reviewing)


def list_decks(collection: Collection, at_ms: int) -> list[DeckRow]:
    """List the decks in the order of the collection. Each count includes the subdecks."""
    names = collection.catalog.deck_names()
    policy = find_session_policy(collection)
    found = count_by_deck(collection.store, collection.deck_policies, at_ms, session_policy=policy)
    sums: dict[str, list[int]] = {}
    used = _find_used_decks(collection)
    for deck in collection.deck_policies:
        if deck.id in used:
            for name in list_deck_path(names[deck.id]):
                held = sums.setdefault(name, [0, 0, 0])
                for at, count in enumerate(found[deck.id]):
                    held[at] += count
    return [
        DeckRow(name, name.rpartition("::")[2], name.count("::"), Counts(*counts), f"/deck?name={quote(name)}")
        for name, counts in sums.items()
    ]


def start(site: Site, visit: Visit) -> Response:
    """Start the review that a form describes."""
    mode, deck, words = visit.field("mode"), visit.field("deck"), visit.field("query").strip()
    only = None
    if deck:
        only = frozenset(
            row[0] for row in site.collection.connection.execute(_OF_DECKS, (deck, f"{deck}::", f"{deck}:;"))
        )
    elif words:
        only = frozenset(find_card_ids(site.collection, words))
    if only is not None and not only:
        raise NothingFound(deck or words)
    plan = SessionPlan(
        only=only,
        limit=read_number(visit.field("limit"), 1, 1_000_000),
        new=read_number(visit.field("new"), 0, 1_000_000) if mode in ("", "due") else None,
        minutes=read_number(visit.field("minutes"), 1, 1440),
        ahead_days=(read_number(visit.field("days"), 1, _FARTHEST) or 1) if mode == "ahead" else 0,
        backlog=mode == "backlog",
        cram=mode in ("cram", "count"),
        is_counted=mode == "count",
    )
    site.start(plan, deck or words)
    return RedirectResponse("/review", 303)


def search(site: Site, visit: Visit) -> Response:
    """Show the cards that a query finds."""
    words, problem = visit.query.get("q", "").strip(), ""
    page = read_number(visit.query.get("page", ""), 1, 1_000_000) or 1
    found: Sequence[int] = []
    most = max(_COUNTED, page * _PAGE)
    site.collection.scan()
    try:
        found = find_card_ids(site.collection, words, most + 1) if "q" in visit.query else []
    except FlashcardsError as error:
        problem = str(error)
    rows = [_describe_row(site, card) for card in found[(page - 1) * _PAGE : page * _PAGE]]
    is_asked = "q" in visit.query and not problem
    pages = -(-len(found) // _PAGE)
    return site.show(
        visit,
        "search.html",
        400 if problem else 200,
        words=words,
        problem=problem,
        rows=rows,
        found=f"More than {most:,} cards" if len(found) > most else plural(len(found), "card"),
        is_asked=is_asked,
        examples=_EXAMPLES,
        page=page,
        pages=pages if len(found) <= most else 0,
        base=f"/search?q={quote(words)}&page=",
    )


def show_deck(site: Site, visit: Visit) -> Response:
    """Show a deck as one page: each question with its answer."""
    name = visit.query.get("name", "")
    page = read_number(visit.query.get("page", ""), 1, 1_000_000) or 1
    collection = site.collection
    collection.scan()
    notes = [row[0] for row in collection.connection.execute(_NOTES, (name,))]
    count = len(notes)
    shown = [each for note in notes[(page - 1) * _PAGE : page * _PAGE] if (each := _read_note(site, note))]
    below = _list_decks_below(collection, name)
    if not count and not below:
        return site.show_problem(visit, f"There is no deck `{name}`.", 404)
    return site.show(
        visit,
        "deck.html",
        name=name,
        notes=shown,
        count=count,
        above=[(each.rpartition("::")[2], f"/deck?name={quote(each)}") for each in list_deck_path(name)[:-1]],
        below=below,
        page=page,
        pages=-(-count // _PAGE),
        base=f"/deck?name={quote(name)}&page=",
    )


def _find_used_decks(collection: Collection) -> set[int]:
    return {deck for (deck,) in collection.connection.execute("SELECT DISTINCT deck FROM cards WHERE active = 1")}


def _list_decks_below(collection: Collection, name: str) -> list[tuple[str, str]]:
    start = f"{name}::"
    decks = collection.catalog.deck_names()
    inside = sorted(deck for deck in map(decks.__getitem__, _find_used_decks(collection)) if deck.startswith(start))
    paths = map(list_deck_path, inside)
    names = dict.fromkeys(each for path in paths for each in path if each.startswith(start))
    return [(each, f"/deck?name={quote(each)}") for each in names]


def show_card(site: Site, visit: Visit) -> Response:
    """Show both sides of a card, its schedule and its history. The page follows edits of the file."""
    site.collection.scan()
    entry, card = find_entry(site, visit), site.collection.store.card(find_number(visit))
    if not card.active or card.slot not in entry.note.slots:
        return site.show_problem(visit, "The text of this card is gone from the decks; its history is kept.", 404)
    return site.show(
        visit,
        "card.html",
        card=card,
        entry=entry,
        follows="follow" in visit.query,
        front=_render(site, entry, card.slot, is_back=False),
        back=_render(site, entry, card.slot, is_back=True),
        is_cloze=entry.note.kind is Kind.CLOZE,
        facts=_describe(site, card.id),
        siblings=site.collection.connection.execute(_FIRST_CARDS, (card.note,)).fetchall(),
    )


def show_info(site: Site, visit: Visit) -> Response:
    """Show the place, schedule and history of a card without its answer."""
    find_entry(site, visit)
    return site.show(visit, "info.html", card=find_number(visit), facts=_describe(site, find_number(visit)))


def preview(site: Site, visit: Visit) -> Response:
    """Redirect to the card with an id, or at a place `path:line`."""
    site.collection.scan()
    cards = find_cards(site.collection, visit.query.get("at", ""))
    return RedirectResponse(f"/card/{cards[0]}?follow", 303)


PAGES: Final = (
    ("/", show_decks, ["GET"]),
    ("/start", start, ["POST"]),
    ("/search", search, ["GET"]),
    ("/deck", show_deck, ["GET"]),
    ("/card/{card:int}", show_card, ["GET"]),
    ("/info/{card:int}", show_info, ["GET"]),
    ("/preview", preview, ["GET"]),
)


def read_number(text: str, least: int, most: int) -> int | None:
    """Read a number within bounds; return nothing if the text is not one."""
    text = text.strip()
    if not text.isdecimal() or len(text) > 9:
        return None
    return min(max(int(text), least), most)


def _describe_row(site: Site, number: int) -> dict[str, Any]:
    card = site.collection.store.card(number)
    entry = site.collection.note_of(card)
    question = read_question(entry, card.slot).format()
    due = format_due(card, site.collection.clock)
    status = "suspended" if card.suspended else card.state.name.lower()
    return {"card": number, "question": question, "deck": entry.deck, "due": due, "status": status, "flag": card.flag}


def _read_note(site: Site, note: int) -> dict[str, Any] | None:
    """Return a note for the page of its deck, with all hidden parts shown."""
    entry = site.collection.catalog.entry(note)
    cards = site.collection.connection.execute(_FIRST_CARDS, (note,)).fetchall()
    if not cards or cards[0][1] not in entry.note.slots:
        return None
    card, slot = cards[0]
    is_cloze = entry.note.kind is Kind.CLOZE
    return {
        "card": card,
        "id": format_card_id(entry, slot),
        "breadcrumb": entry.note.breadcrumb,
        "front": "" if is_cloze else _render(site, entry, slot, is_back=False),
        "back": _render(site, entry, slot, is_back=True),
    }


def _render(site: Site, entry: Entry, slot: str, *, is_back: bool) -> str:
    face = build_face(entry.note, slot)
    return site.render_side(entry.path, face, face.back if is_back else face.front, entry.note.definitions)


def _describe(site: Site, number: int) -> list[tuple[str, str]]:
    """Return the place, schedule and history of a card as names and values. Lines of history have no name."""
    collection = site.collection
    card = collection.store.card(number)
    entry = collection.note_of(card)
    recall = collection.predict_recall(card, collection.clock.day(now_ms()))
    slot = card.slot if card.slot in entry.note.slots else entry.note.slots[0]
    asked = Asked(card, entry, build_face(entry.note, slot))
    lines = describe_card(asked, collection.store.log(number), collection.clock, recall)
    log = len(collection.store.log(number))
    named = [line.partition(": ") for line in lines[: len(lines) - log]]
    return [(name, value) for name, _, value in named] + [("", line) for line in lines[len(lines) - log :]]
