"""The rules of a good card.

A rule is a function from a card to a complaint, which is empty if the card keeps the rule.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from flashcards.deck.cloze import build_face, find_hidden_text
from flashcards.deck.model import Deck, Kind, Note
from flashcards.identity.likeness import compare_sides, weigh_sides
from flashcards.identity.words import RareKeyIndex, Weights, list_word_keys, split_sides

MOST_QUESTION_WORDS = 30
MOST_ANSWER_WORDS = 25
MOST_GAP_WORDS = 4
MOST_TERM_WORDS = 7
LEAST_CONTEXT_WORDS = 5
MOST_LIST_ITEMS = 4
MOST_POINT_WORDS = 20
MOST_LIKENESS = 0.5  # of two notes, as the linker measures it; the same fact in other words is above

YES_NO_OPENERS = re.compile(
    r"(?:am|are|can|could|did|do|does|had|has|have|is|may|might|must|shall|should|was|were|will|would)(?:n['’]t)?"
)
LITTLE_WORDS = re.compile(
    "a|about|after|all|also|an|and|any|are|as|at|be|been|before|but|by|can|each|every|for|from|has|have|how|if|in|"
    "into|is|it|its|may|more|most|must|no|nor|not|of|on|one|or|other|over|should|so|some|such|than|that|the|their|"
    "them|then|there|these|they|this|those|to|under|up|was|were|what|when|where|which|while|who|whom|whose|why|will|"
    "with|within|without|would|you|your"
)
LEVELS = frozenset({"project", "projects", "program", "programs", "portfolio", "manager", "management", "level"})
PRONOUNS = re.compile("he|her|him|his|it|its|she|such|that|their|them|these|they|this|those")
ELSEWHERE = re.compile(
    r"\b(?:the (?:above|below|following|former|latter)|(?:above|below) (?:list|table|section)|"
    r"this (?:page|list|section)|(?:previous|last|next) (?:card|question|section)|as (?:said|seen) (?:above|before))\b",
    re.IGNORECASE,
)
FIRST_PRONOUN = re.compile(r"\b(?:it|its|they|them|their|these|those)\b", re.IGNORECASE)
TWO_QUESTIONS = re.compile(
    r",? and (?:(?:about|at|by|for|from|in|of|on|to|with) )?(?:what|which|who|whom|how|why|when|where)\b[^?]*\?$"
)
CHOICE = re.compile(r"which of (?:the|these) two|true or false|^which (?:is|are)\b.*\bor\b.*\?$", re.IGNORECASE)
GENERIC = re.compile(
    "answ|best|call|cau|com|differ|do|doe|exampl|first|giv|good|happen|help|hold|kind|last|main|mak|mat|mean|"
    "nam|need|next|order|part|point|purpos|quest|reason|say|step|thing|true|two|use|work"
)  # stems that name no subject
BRANDS = re.compile(
    "asana|aws|azure|clickup|confluence|gitlab|github|google|jira|linear|microsoft|monday|notion|planner|slack|"
    "smartsheet|teams|trello"
)


@dataclass(frozen=True, slots=True)
class Card:
    """What a rule sees of a card: its place, and its two sides as Markdown."""

    where: str
    note: Note
    slot: str
    question: str
    answer: str


def list_cards(deck: Deck, path: str) -> Iterator[Card]:
    """List the cards of a deck."""
    for note in deck.notes:
        for slot in note.slots:
            front = build_face(note, slot).front
            yield Card(f"{path}:{note.line} ({slot})", note, slot, front, find_hidden_text(note, slot))


def split_words(markdown: str) -> list[str]:
    """Return its words in lower case; a formula counts as one, and markup does not count."""
    plain = re.sub(r"<!--.*?-->", " ", markdown, flags=re.DOTALL)
    found = re.findall(r"\$[^$]+\$|[^\W_]+(?:['’][^\W_]+)*", plain)
    return ["".join(word.split()) if word.startswith("$") else word.lower() for word in found]


def find_stems(markdown: str) -> frozenset[str]:
    """Return its words that carry meaning, without the commonest English endings."""
    telling = (word for word in split_words(markdown) if len(word) > 2 and not LITTLE_WORDS.fullmatch(word))
    return frozenset(re.sub(r"(?<=\w\w\w)(?:e?ments?|ings?|ies|ers?|ed|es|e|s|y)$", "", word) for word in telling)


def names_subject(markdown: str) -> bool:
    """Return whether a word says what the text is about."""
    return any(not GENERIC.fullmatch(stem) for stem in find_stems(markdown))


def has_phrase(inner: list[str], outer: list[str]) -> bool:
    """Return whether one list of words stands within the other."""
    return any(outer[at : at + len(inner)] == inner for at in range(len(outer) - len(inner) + 1))


def strip_quotes(text: str) -> str:
    """Cut out what stands in quotes and fences: it is quoted, not asked."""
    return re.sub(r"^```.*?^```|\"[^\"]*\"", "", text, flags=re.DOTALL | re.MULTILINE).strip()


def find_long_question(card: Card) -> str:
    prose = re.sub(r"^```.*?^```", "", card.question, flags=re.DOTALL | re.MULTILINE)
    count, most = len(split_words(prose)), MOST_QUESTION_WORDS + (20 if card.note.kind is Kind.CLOZE else 0)
    return f"the question has {count} words" if count > most else ""


def find_long_answer(card: Card) -> str:
    count = len(split_words(card.answer))
    most = MOST_GAP_WORDS if card.note.kind is Kind.CLOZE else MOST_ANSWER_WORDS
    return f"the answer has {count} words" if count > most and not card.note.points else ""


def find_long_list(card: Card) -> str:
    if card.note.points:
        return ""
    items = len(re.findall(r"^\s*(?:[-*+]|\d+[.)])\s", card.answer, re.MULTILINE))
    rows = max(len(re.findall(r"^\|", card.answer, re.MULTILINE)) - 2, 0)
    longest = max(items, rows, len(card.note.gaps))
    return f"{longest} things to recall at once" if longest > MOST_LIST_ITEMS else ""


def find_yes_or_no(card: Card) -> str:
    for asked in re.findall(r"[^.?!:]+\?", card.question):
        for clause in asked.split(","):
            first = next(iter(split_words(clause)), "")
            if YES_NO_OPENERS.fullmatch(first):
                return f"'{first} …?' can be answered by yes or no"
    return ""


def find_coin_toss(card: Card) -> str:
    if any(CHOICE.search(sentence) for sentence in re.split(r"(?<=[.!?])\s+", card.question)):
        return "the question offers a choice"
    if card.note.kind is Kind.TERM:
        return ""  # a definition says enough to name the term
    telling = {word for word in split_words(card.answer) if not LITTLE_WORDS.fullmatch(word)}
    return "the answer is only a level" if telling <= LEVELS else ""


def find_answer_in_question(card: Card) -> str:
    answer = split_words(card.answer)
    if not answer:
        return "the answer has no words"
    if has_phrase(answer, split_words(card.question)):
        return "the question holds the whole answer"
    asked, told = find_stems(card.question), find_stems(card.answer)
    if card.note.kind is Kind.QUESTION:
        shared = asked & told
        return f"the question says most of the answer: {sorted(shared)}" if len(shared) * 2 > len(told) else ""
    return f"both sides say {sorted(asked & told)}" if asked & told else ""


def find_bare_gap(card: Card) -> str:
    if card.note.kind is not Kind.CLOZE:
        return ""
    if not find_stems(card.answer):
        return "the gap hides no word that carries meaning"
    seen = len(split_words(re.sub(r"\[[^\]]*\]", " ", card.question)))
    return f"only {seen} words around the gap" if seen < LEAST_CONTEXT_WORDS else ""


def find_lost_reference(card: Card) -> str:
    """Find words that point to something the card does not show."""
    shown = "```" in card.question or "\n|" in card.question
    prose = strip_quotes(card.question)
    first = next(iter(split_words(prose)), "")
    if PRONOUNS.fullmatch(first) and not shown:
        return f"the front begins with '{first}'"
    if found := ELSEWHERE.search(prose):
        return f"the front points elsewhere: '{found[0]}'"
    pronoun = FIRST_PRONOUN.search(prose)
    if pronoun and not names_subject(prose[: pronoun.start()]):
        return f"the front says '{pronoun[0]}' before it names anything"
    if card.note.kind is Kind.TERM and first in {"one", "ones"}:
        return "the definition begins with 'one', which names no kind of thing"
    return ""


def find_vague_question(card: Card) -> str:
    """Find a question that only its heading makes clear."""
    if card.note.points or card.note.kind in (Kind.TERM, Kind.CLOZE):
        return ""
    if card.note.kind is Kind.PAIR:
        long = len(split_words(card.note.fields[0])) > MOST_TERM_WORDS
        return "the front of a pair is no term, so that it does not say what is asked" if long else ""
    if "?" not in card.question and len(card.note.slots) == 1 and not card.question.startswith("Give "):
        return "the front asks nothing"
    return "" if names_subject(card.question) else "the question names no subject"


def find_two_questions(card: Card) -> str:
    if card.note.points:
        return ""  # a scenario may ask what one does and why
    prose = strip_quotes(card.question)
    if prose.count("?") > 1 or TWO_QUESTIONS.search(prose):
        return "two questions at once"
    return ""


def find_brand_list(card: Card) -> str:
    told = set(split_words(card.answer))
    brands = {word for word in told if BRANDS.fullmatch(word)}
    rest = {word for word in told - brands if not LITTLE_WORDS.fullmatch(word)}
    return "the answer is a list of brands" if len(brands) > 1 and len(rest) < len(brands) else ""


Rule = Callable[[Card], str]
RULES: tuple[Rule, ...] = (
    find_long_question, find_long_answer, find_long_list, find_yes_or_no, find_coin_toss, find_answer_in_question,
    find_bare_gap, find_lost_reference, find_vague_question, find_two_questions, find_brand_list,
)  # fmt: skip


def find_same_words(cards: Iterable[Card]) -> list[str]:
    """Find the places of cards that ask in the same words."""
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for card in cards:
        places[tuple(split_words(card.question))].append(card.where)
    return [", ".join(found) for found in places.values() if len(found) > 1]


def find_same_meaning(notes: Iterable[tuple[str, Note]], contrasts: Iterable[tuple[str, str]] = ()) -> list[str]:
    """Find pairs of notes that say nearly the same, by the likeness with which edits are recognised.

    Args:
        notes: each with its place.
        contrasts: parts of the fronts of notes that are alike because they must be told apart.
    """
    found = list(notes)
    allowed = list(contrasts)
    words = [split_sides(note) for _, note in found]
    weights = Weights(words, words, [note for _, note in found])
    scale = [weigh_sides(each, weights) for each in words]

    def is_contrast(one: str, other: str) -> bool:
        return any((a in one and b in other) or (b in one and a in other) for a, b in allowed)

    index = RareKeyIndex(enumerate(words), list_word_keys)
    return [
        f"{found[at][0]} and {found[there][0]}"
        for at, mine in enumerate(words)
        for there in index.find_nearest(mine)
        if there < at
        and compare_sides(scale[at], scale[there], weights).whole > MOST_LIKENESS
        and not is_contrast(found[at][1].fields[0], found[there][1].fields[0])
    ]


def find_same_term(notes: Iterable[tuple[str, Note]]) -> list[str]:
    """Find terms that two notes define, each in its own words."""
    places: dict[str, list[str]] = defaultdict(list)
    asked = re.compile(
        r"what (?:is|are|does|do) (?:(?:an?|the) (?:\w+['’]s )?)?([^?,]+?)(?: of (?:an?|the) \w+)?"
        r"(?: (?:mean|measure|say|show|stand for))?\?",
        re.IGNORECASE,
    )
    for where, note in list_fronts(notes):
        match = asked.fullmatch(note)
        term = match[1] if match else note
        places[" ".join(split_words(re.sub(r"\([^)]*\)", "", term)))].append(where)
    return [f"{term}: {', '.join(found)}" for term, found in places.items() if len(found) > 1]


def list_fronts(notes: Iterable[tuple[str, Note]]) -> Iterator[tuple[str, str]]:
    for where, note in notes:
        if note.kind is not Kind.CLOZE:
            yield where, note.fields[0].strip()
