"""Let a language model use a collection through the Model Context Protocol: read, add notes, rate cards.

It adds and rates only after a person has agreed. If the client can ask, it asks; otherwise the call is repeated with a
code.
The library `mcp` is an extra that only this module imports.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resolve import Elicit, ElicitationResult, Resolve
from mcp_types import ToolAnnotations
from pydantic import BaseModel, Field

import flashcards
from flashcards.add import Addition, plan_addition, write_addition
from flashcards.cards import TextGone, build_record, build_records, find_card, format_card_id
from flashcards.check import FileProblem, find_advice, find_problems
from flashcards.collection import Access, Collection, find_session_policy, now_ms
from flashcards.errors import FlashcardsError, describe_os_error
from flashcards.query import find_card_ids
from flashcards.text import make_visible
from scheduler import Rating
from scheduler.errors import SchedulerError
from scheduler.queue import count_by_deck

T = TypeVar("T")

_MOST: Final = 200  # cards per answer
_KINDS: Final = ("new", "learning", "review")
_INSTRUCTIONS: Final = """\
Flashcards in Markdown files, scheduled by FSRS. Queries are those of Anki: `deck:tpm is:due`, `tag:exam -is:suspended`.
Read the resource flashcards://format before you write notes. `add` and `answer` change the collection: the person is
asked first. If you get a `confirm` code instead, show the person what would be written, and call again with the code
only if they agree. Rate a card only by what the person answered, never by what you know."""


class Consent(BaseModel):
    """The consent of a person before something is written."""

    agree: bool = Field(default=True, title="Agree", description="Write it.")


class Plan(NamedTuple):
    """A planned change: the question to the person, and a code for exactly this change."""

    question: str
    code: str


Confirmation = Elicit[Consent] | Consent
RatingName = Literal["again", "hard", "good", "easy"]


class Assistant:
    """Reads and changes the collection in one folder; each call opens it and closes it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def _open(self, access: Access) -> Iterator[Collection]:
        """Open the collection and scan it; convert user errors to errors of the protocol."""
        try:
            with Collection(self._root, access) as collection:
                collection.scan()
                yield collection
        except (FlashcardsError, SchedulerError) as error:
            raise ToolError(_make_all_visible(str(error))) from error
        except OSError as error:
            raise ToolError(_make_all_visible(describe_os_error(error))) from error

    def list_cards(self, query: str, limit: int, offset: int) -> dict[str, Any]:
        """Return the matching cards, as `flashcards list --json` prints them, and their number."""
        with self._open(Access.READ) as collection:
            found = find_card_ids(collection, query)
            shown = found[max(0, offset) : max(0, offset) + max(0, min(limit, _MOST))]
            return {"total": len(found), "cards": list(build_records(collection, shown, now_ms()))}

    def count_due(self, query: str) -> dict[str, Any]:
        """Return the number of cards due today by deck, within the daily limits."""
        with self._open(Access.READ) as collection:
            only = frozenset(find_card_ids(collection, query)) if query.strip() else None
            policy = find_session_policy(collection, only)
            counts = count_by_deck(
                collection.store, collection.deck_policies, now_ms(), session_policy=policy, only_cards=only
            )
            names = collection.catalog.deck_names()
            decks = [{"deck": names[deck], **count._asdict()} for deck, count in counts.items() if any(count)]
            decks.sort(key=lambda deck: str(deck["deck"]))
            total = map(sum, zip((0, 0, 0), *counts.values(), strict=True))
            return {"total": dict(zip(_KINDS, total, strict=True)), "decks": decks}

    def show_card(self, card: str) -> dict[str, Any]:
        """Return a card with its text and schedule; `card` is its id or PATH:LINE."""
        with self._open(Access.READ) as collection:
            return build_record(collection, find_card(collection, card), now_ms())

    def check_decks(self, path: str, *, advice: bool) -> dict[str, Any]:
        """Return the problems of the decks below a path and, with `advice`, the cards that are hard to learn."""
        with self._open(Access.READ) as collection:
            problems = _select(find_problems(collection), path)
            if not advice:
                return {"problems": problems}
            return {"problems": problems, "advice": _select(find_advice(collection), path)}

    def plan_add(self, deck: str, text: str) -> Plan:
        """Plan the addition of notes."""
        with self._open(Access.READ) as collection:
            addition = plan_addition(collection, deck, text)
        question = f"Add this to {addition.path}?\n\n{text.strip()}{_describe_alike(addition)}"
        return Plan(_make_all_visible(question), _make_code("add", addition.path, str(addition.before), text))

    def add(self, deck: str, text: str) -> dict[str, Any]:
        """Add notes to a deck; return their cards."""
        with self._open(Access.ACT) as collection:
            addition = plan_addition(collection, deck, text)
            write_addition(collection.root, addition)
            report, _ = collection.scan()
            cards = [
                card
                for change in report.added
                for (card,) in collection.connection.execute("SELECT id FROM cards WHERE note = ?", (change.note,))
            ]
            return {"file": addition.path, "cards": list(build_records(collection, cards, now_ms()))}

    def plan_answer(self, card: str, rating: RatingName) -> Plan:
        """Plan the rating of a card."""
        with self._open(Access.READ) as collection:
            found = collection.store.card(find_card(collection, card))
            record = build_record(collection, found.id, now_ms())
        question = f"Rate this card as {rating}?\n\n{record['front']}"
        return Plan(_make_all_visible(question), _make_code("answer", record["id"], rating, str(found.last_ms)))

    def answer(self, card: str, rating: RatingName) -> dict[str, Any]:
        """Rate a card now; return its new state."""
        with self._open(Access.ACT) as collection:
            found = collection.store.card(find_card(collection, card))
            entry = collection.note_of(found)
            if not found.active:
                raise TextGone(format_card_id(entry, found.slot))
            collection.keep()
            at_ms = now_ms()
            collection.store.rate(found.id, Rating[rating.upper()], collection.policy(found.deck), at_ms, 0)
            return build_record(collection, found.id, at_ms)


def _select(problems: list[FileProblem], path: str) -> list[dict[str, Any]]:
    folder = path.strip("/")
    return [each._asdict() for each in problems if not folder or f"{each.file}/".startswith(f"{folder}/")]


def _describe_alike(addition: Addition) -> str:
    if not addition.alike:
        return ""
    lines = (f"- {each.place}: {each.front}" for each in addition.alike)
    return "\n\nSimilar notes already exist:\n" + "\n".join(lines)


def _make_all_visible(value: T) -> T:
    """Replace the control characters in all texts of an answer, because a client may print them in a terminal."""
    made: Any = value
    if isinstance(value, dict):
        made = {name: _make_all_visible(each) for name, each in value.items()}
    elif isinstance(value, list):
        made = [_make_all_visible(each) for each in value]
    elif isinstance(value, str):
        made = make_visible(value, keep_lines=True)
    found: T = made
    return found


def _make_code(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def _ask(context: Context[Any], plan: Plan, confirm: str) -> Confirmation:
    """Return a question to the person if the client can ask it, else the result of checking the code."""
    return Elicit(plan.question, Consent) if _can_ask(context) else Consent(agree=confirm == plan.code)


def _can_ask(context: Context[Any]) -> bool:
    capabilities = context.client_capabilities
    return capabilities is not None and capabilities.elicitation is not None


def _refuse(context: Context[Any], plan: Plan) -> dict[str, Any]:
    """Return the answer to a call that wrote nothing."""
    if _can_ask(context):
        return {"written": False, "message": "The person did not agree; nothing was written."}
    message = "Nothing was written yet. Show the person the plan; if they agree, repeat the call with this `confirm`."
    return {"written": False, "message": message, "plan": plan.question, "confirm": plan.code}


def _agrees(consent: ElicitationResult[Consent]) -> bool:
    return consent.action == "accept" and consent.data.agree


class _OneLineFormatter(logging.Formatter):
    """Writes a message of the library and its error in one line, without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        error = record.exc_info[1] if record.exc_info else None
        reason = f": {type(error).__name__}: {error}" if error else ""
        return make_visible(f"{record.getMessage()}{reason}")


def build_server(root: Path) -> MCPServer[Any]:
    """Build the server for the collection in `root`."""
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLineFormatter())
    logging.basicConfig(handlers=[handler])  # the library adds its own only if there is no other
    server: MCPServer[Any] = MCPServer(
        "flashcards", instructions=_INSTRUCTIONS, version=flashcards.__version__, log_level="WARNING"
    )
    assistant = Assistant(root)
    _add_reading_tools(server, assistant)
    _add_writing_tools(server, assistant)

    @server.resource("flashcards://format", name="format", mime_type="text/markdown")
    def read_format() -> str:
        """How notes and good cards are written."""
        return files("flashcards.cli").joinpath("format.md").read_text(encoding="utf-8")

    return server


def _add_reading_tools(server: MCPServer[Any], assistant: Assistant) -> None:
    reading = ToolAnnotations(read_only_hint=True, open_world_hint=False)

    @server.tool(name="list", annotations=reading)
    def list_cards(query: str = "", limit: int = 50, offset: int = 0) -> dict[str, Any]:
        """List the cards that a query finds, at most 200 at once; without a query, all."""
        return _make_all_visible(assistant.list_cards(query, limit, offset))

    @server.tool(annotations=reading)
    def due(query: str = "") -> dict[str, Any]:
        """Count the cards that are due today, by deck."""
        return _make_all_visible(assistant.count_due(query))

    @server.tool(annotations=reading)
    def show(card: str) -> dict[str, Any]:
        """Show one card by its id (as `list` returns it) or by PATH:LINE."""
        return _make_all_visible(assistant.show_card(card))

    @server.tool(annotations=reading)
    def check(path: str = "", advice: bool = False) -> dict[str, Any]:
        """Find problems of the decks, all or those of one file or folder; with advice, also cards to reword."""
        return _make_all_visible(assistant.check_decks(path, advice=advice))


def _add_writing_tools(server: MCPServer[Any], assistant: Assistant) -> None:
    writing = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)

    def ask_to_add(context: Context[Any], deck: str, text: str, confirm: str = "") -> Confirmation:
        return _ask(context, assistant.plan_add(deck, text), confirm)

    @server.tool(annotations=writing)
    def add(
        context: Context[Any],
        deck: str,
        text: str,
        consent: Annotated[ElicitationResult[Consent], Resolve(ask_to_add)],
        confirm: str = "",  # noqa: ARG001 - read by `ask_to_add`
    ) -> dict[str, Any]:
        """Add notes to a deck. `text` is Markdown as flashcards://format describes it. The person is asked first."""
        if _agrees(consent):
            return {"written": True, **_make_all_visible(assistant.add(deck, text))}
        return _refuse(context, assistant.plan_add(deck, text))

    def ask_to_answer(context: Context[Any], card: str, rating: RatingName, confirm: str = "") -> Confirmation:
        return _ask(context, assistant.plan_answer(card, rating), confirm)

    @server.tool(annotations=writing)
    def answer(
        context: Context[Any],
        card: str,
        rating: RatingName,
        consent: Annotated[ElicitationResult[Consent], Resolve(ask_to_answer)],
        confirm: str = "",  # noqa: ARG001 - read by `ask_to_answer`
    ) -> dict[str, Any]:
        """Rate one card by how well the person knew it: again, hard, good or easy. The person is asked first."""
        if _agrees(consent):
            return {"written": True, "card": _make_all_visible(assistant.answer(card, rating))}
        return _refuse(context, assistant.plan_answer(card, rating))
