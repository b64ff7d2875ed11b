"""The decks that ship keep the rules of good cards.

Each rule is a function from a card to a complaint, empty where the card keeps it. Every rule is tried on all shipped
cards, and on a card that breaks it, so that a rule that has gone blind is seen.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rapidfuzz import fuzz

from flashcards.deck.cloze import face, hidden_text
from flashcards.deck.model import REVERSE, Deck, Kind, Note
from flashcards.deck.parse import parse

DECKS = Path(__file__).parents[1] / "decks"
PATHS = sorted(path for path in DECKS.rglob("*.md") if ".flashcards" not in path.parts)

MOST_QUESTION_WORDS = 30
MOST_ANSWER_WORDS = 25
MOST_GAP_WORDS = 4
LEAST_CONTEXT_WORDS = 5
MOST_LIST_ITEMS = 4
MOST_POINT_WORDS = 20

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

SOURCE_TOPICS = {
    "project focus": ("on time", "scope", "within budget"),
    "project manager's duties": ("managing the team", "tracking progress", "mitigating risks"),
    "program focus": ("business goals", "strategic alignment", "long-term outcomes", "risks and benefits"),
    "responsibilities in programs": ("interdependencies", "cross-functional teams", "milestones"),
    "responsibilities in projects": ("tasks, timelines and resources", "executed efficiently"),
    "project skills": ("task management", "risk management", "resource allocation", "clear communication"),
    "program skills": ("cross-project coordination", "strategic alignment", "leadership", "change management"),
    "tools": ("Jira", "Asana", "Trello", "Microsoft Project"),
    "why the difference matters": ("tailor", "versatility", "business leaders", "strategic mindset"),
    "how to show it": ("big picture", "coordinated cross-functional teams", "balanced with strategic vision"),
    "how to show an approach": ("adjusted", "long-term success", "parts of one project"),
    "the difference": ("core difference", "several related efforts"),
    "questions people ask": ("needs in project management", "demonstrate program management", "How expert must"),
    "preparation": ("case studies", "mock interviews"),
}
FIELD_TERMS = {
    "planning": ("triple constraint", "work breakdown structure", "critical path", "float", "milestone", "charter"),
    "risk": ("RAID", "risk register", "mitigate", "residual risk", "contingency reserve", "finish-to-start"),
    "benefits and governance": ("benefits realisation", "business case", "steering committee", "stage gate", "roadmap"),
    "stakeholders": ("stakeholder map", "RACI", "sponsor", "escalat", "communication plan"),
    "change and metrics": ("change control", "baseline", "EV - PV", "EV / AC", "lead time", "OKRs"),
    "interview": ("STAR", "tailor"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """What a rule sees of a card: where it stands, and its two sides as Markdown."""

    where: str
    note: Note
    slot: str
    question: str
    answer: str


def cards_of(deck: Deck, path: str) -> Iterator[Card]:
    for note in deck.notes:
        for slot in note.slots:
            front = face(note, slot).front
            yield Card(f"{path}:{note.line} ({slot})", note, slot, front, hidden_text(note, slot))


def words(markdown: str) -> list[str]:
    """Its words in lower case; a formula counts as one, and markup does not count."""
    plain = re.sub(r"<!--.*?-->", " ", markdown, flags=re.DOTALL)
    found = re.findall(r"\$[^$]+\$|[^\W_]+(?:['’][^\W_]+)*", plain)
    return ["".join(word.split()) if word.startswith("$") else word.lower() for word in found]


def stems(markdown: str) -> frozenset[str]:
    """Its words that carry meaning, without the commonest English endings."""
    telling = (word for word in words(markdown) if len(word) > 2 and not LITTLE_WORDS.fullmatch(word))
    return frozenset(re.sub(r"(?<=\w\w\w)(?:e?ments?|ings?|ies|ers?|ed|es|e|s|y)$", "", word) for word in telling)


def has_phrase(inner: list[str], outer: list[str]) -> bool:
    return any(outer[at : at + len(inner)] == inner for at in range(len(outer) - len(inner) + 1))


def overlong_question(card: Card) -> str:
    prose = re.sub(r"^```.*?^```", "", card.question, flags=re.DOTALL | re.MULTILINE)
    count, most = len(words(prose)), MOST_QUESTION_WORDS + (20 if card.note.kind is Kind.CLOZE else 0)
    return f"the question has {count} words" if count > most else ""


def overlong_answer(card: Card) -> str:
    count = len(words(card.answer))
    most = MOST_GAP_WORDS if card.note.kind is Kind.CLOZE else MOST_ANSWER_WORDS
    return f"the answer has {count} words" if count > most and not card.note.points else ""


def long_list(card: Card) -> str:
    if card.note.points:
        return ""
    items = len(re.findall(r"^\s*(?:[-*+]|\d+[.)])\s", card.answer, re.MULTILINE))
    rows = max(len(re.findall(r"^\|", card.answer, re.MULTILINE)) - 2, 0)
    longest = max(items, rows, len(card.note.gaps))
    return f"{longest} things to recall at once" if longest > MOST_LIST_ITEMS else ""


def yes_or_no(card: Card) -> str:
    for asked in re.findall(r"[^.?!:]+\?", card.question):
        for clause in asked.split(","):
            first = next(iter(words(clause)), "")
            if YES_NO_OPENERS.fullmatch(first):
                return f"'{first} …?' can be answered by yes or no"
    return ""


def coin_toss(card: Card) -> str:
    if re.search(r"which of (?:the|these) two|true or false", card.question, re.IGNORECASE):
        return "the question offers a choice"
    if card.note.kind is Kind.TERM:
        return ""  # a definition says enough to name the term
    telling = {word for word in words(card.answer) if not LITTLE_WORDS.fullmatch(word)}
    return "the answer is only a level" if telling <= LEVELS else ""


def given_away(card: Card) -> str:
    answer = words(card.answer)
    if not answer:
        return "the answer has no words"
    if has_phrase(answer, words(card.question)):
        return "the question holds the whole answer"
    asked, told = stems(card.question), stems(card.answer)
    if card.note.kind is Kind.QUESTION:
        shared = asked & told
        return f"the question says most of the answer: {sorted(shared)}" if len(shared) * 2 > len(told) else ""
    return f"both sides say {sorted(asked & told)}" if asked & told else ""


def gap_without_context(card: Card) -> str:
    if card.note.kind is not Kind.CLOZE:
        return ""
    if not stems(card.answer):
        return "the gap hides no word that carries meaning"
    seen = len(words(re.sub(r"\[[^\]]*\]", " ", card.question)))
    return f"only {seen} words around the gap" if seen < LEAST_CONTEXT_WORDS else ""


Rule = Callable[[Card], str]
RULES: tuple[Rule, ...] = (
    overlong_question, overlong_answer, long_list, yes_or_no, coin_toss, given_away, gap_without_context,
)  # fmt: skip


def repeated(cards: list[Card]) -> list[str]:
    """Places of cards that ask in the same words."""
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for card in cards:
        places[tuple(words(card.question))].append(card.where)
    return [", ".join(found) for found in places.values() if len(found) > 1]


def shipped(path: Path) -> Deck:
    return parse(path.read_text(encoding="utf-8"), path.relative_to(DECKS).as_posix())


def all_cards() -> list[Card]:
    return [card for path in PATHS for card in cards_of(shipped(path), path.name)]


def said() -> str:
    """Everything that the shipped cards say, on one line in lower case."""
    return " ".join(" ".join(field for card in all_cards() for field in card.note.fields).split()).lower()


each_file = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@each_file
def test_a_shipped_file_parses_without_a_problem(path: Path) -> None:
    deck = shipped(path)
    assert deck.problems == ()
    assert deck.notes or path.name == "my-stories.md"  # the person's own


@each_file
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_shipped_card_keeps_every_rule(path: Path, rule: Rule) -> None:
    cards = cards_of(shipped(path), path.name)
    assert [f"{card.where}: {complaint}" for card in cards if (complaint := rule(card))] == []


def test_no_two_shipped_cards_ask_in_the_same_words() -> None:
    assert repeated(all_cards()) == []


@each_file
def test_a_shipped_file_is_tagged_and_opens_with_a_heading_and_a_sentence(path: Path) -> None:
    body = path.read_text(encoding="utf-8").split("---\n", 2)[2]
    assert re.match(r"# \S.*\n\n[A-Z][^\n]+", body)
    assert all(note.tags and note.breadcrumb for note in shipped(path).notes)


@each_file
def test_a_shipped_file_advertises_nothing(path: Path) -> None:
    assert not re.search(r"https?:|www\.|\w\.com\b", path.read_text(encoding="utf-8"), re.IGNORECASE)


@pytest.mark.parametrize("topic", [*SOURCE_TOPICS, *FIELD_TERMS])
def test_the_shipped_cards_cover_the_topic(topic: str) -> None:
    terms = (SOURCE_TOPICS | FIELD_TERMS)[topic]
    text = said()
    assert [term for term in terms if term.lower() not in text] == []


def test_the_shipped_decks_show_every_kind_of_note_and_the_attributes() -> None:
    notes = [card.note for card in all_cards()]
    assert {note.kind for note in notes} == set(Kind)
    assert any(note.typed for note in notes)
    assert any(note.kind is Kind.QUESTION and REVERSE in note.slots for note in notes)
    assert any(note.kind is Kind.PAIR and REVERSE in note.slots for note in notes)
    assert any(gap.hint for note in notes for gap in note.gaps)
    text = "\n".join(path.read_text(encoding="utf-8") for path in PATHS)
    assert all(sign in text for sign in ("\n```", "\n| --- |", "$", "**", "{{c1::", "]", "=="))


@pytest.mark.parametrize(
    ("rule", "markdown"),
    [
        (overlong_question, "Q: " + "What " * 31 + "?\n\nA: Nothing"),
        (overlong_answer, "Q: What?\n\nA: " + "word " * 26),
        (overlong_answer, "C: Here is one [gap that is much too long] in a sentence of words"),
        (long_list, "Q: What?\n\nA:\n\n- a\n- b\n- c\n- d\n- e"),
        (long_list, "Q: What?\n\nA:\n\n| x |\n| --- |\n| a |\n| b |\n| c |\n| d |\n| e |"),
        (long_list, "C: It takes [ships], [trains], [cars], [planes] and [feet] to get there"),
        (yes_or_no, "Q: Does a milestone last?\n\nA: No"),
        (yes_or_no, "Q: When the plan slips, should you escalate?\n\nA: Yes"),
        (coin_toss, "Q: Which of the two is wider?\n\nA: The second"),
        (coin_toss, "Q: At which level are benefits managed?\n\nA: The program level"),
        (given_away, "Q: Why does a red status report matter?\n\nA: A red status"),
        (given_away, "Q: How do risks threaten the budget?\n\nA: Risks threaten budgets daily"),
        (given_away, "T: stakeholder map\n\nD: Drawing of every stakeholder by influence"),
        (given_away, "C: A planned budget is set while [planning] the work ahead"),
        (given_away, "change board :: who approves changes"),
        (gap_without_context, "C: Beware [creep]"),
        (gap_without_context, "C: The work is divided by what is [of the] a project plan"),
    ],
)
def test_a_rule_catches_a_card_that_breaks_it(rule: Rule, markdown: str) -> None:
    deck = parse(markdown, "bad.md")
    assert deck.problems == ()
    assert any(rule(card) for card in cards_of(deck, "bad.md"))


def test_the_same_question_in_two_places_is_caught() -> None:
    deck = parse("Q: What is *float*?\n\nA: Slack\n\nQ: what is float?\n\nA: Spare time", "bad.md")
    assert len(repeated(list(cards_of(deck, "bad.md")))) == 1


def test_there_is_enough_to_prepare_with() -> None:
    cards = all_cards()
    rubrics = [card for card in cards if card.note.points]
    assert len(cards) - len(rubrics) >= 150
    assert len(rubrics) >= 40


def test_every_scenario_has_a_rubric_and_says_skill_and_difficulty() -> None:
    for path in PATHS:
        for card in cards_of(shipped(path), path.name):
            if not card.note.points and path.parent.name != "scenarios":
                continue
            assert 4 <= len(set(card.note.points)) == len(card.note.points) <= 8, card.where
            assert all(len(words(point)) <= MOST_POINT_WORDS for point in card.note.points), card.where
            assert any(tag.startswith("skill:") for tag in card.note.tags), card.where
            assert any(re.fullmatch("difficulty:[123]", tag) for tag in card.note.tags), card.where


def test_scenarios_reach_over_all_skills() -> None:
    rubrics = [card for card in all_cards() if card.note.points]
    skills = Counter(tag for card in rubrics for tag in card.note.tags if tag.startswith("skill:"))
    wanted = ("risk", "dependencies", "stakeholders", "communication", "scope", "delivery", "technical", "metrics")
    more = ("strategy", "change", "conflict", "ambiguity", "learning", "leadership")
    assert [name for name in (*wanted, *more) if not skills[f"skill:{name}"]] == []
    assert max(skills.values()) <= len(rubrics) / 4


def test_no_two_shipped_cards_are_nearly_the_same() -> None:
    cards = [card for card in all_cards() if card.note.kind is not Kind.CLOZE]
    texts = [" ".join(words(f"{card.question} {card.answer}")) for card in cards]
    near = [
        (one.where, other.where)
        for at, one in enumerate(cards)
        for there, other in enumerate(cards[:at])
        if one.note is not other.note and fuzz.ratio(texts[at], texts[there]) > 85
    ]
    assert near == []


def test_a_line_of_a_story_becomes_a_card_when_it_is_filled_in() -> None:
    text = "- A conflict, situation ::\n- A conflict, result ::\n"
    filled = parse(text.replace("result ::", "result :: Both shipped in March."), "my-stories.md")
    assert parse(text, "my-stories.md").notes == ()
    assert [note.fields for note in filled.notes] == [("A conflict, result", "Both shipped in March.")]
    template = (DECKS / "tpm" / "my-stories.md").read_text(encoding="utf-8")
    assert template.count(", situation ::") >= 5
    assert parse(template, "my-stories.md").problems == ()


def test_a_rubric_may_be_longer_than_an_answer() -> None:
    points = "\n".join(f"- [ ] {'word ' * 6}" for _ in range(6))
    (card,) = cards_of(parse(f"Q: How would you begin?\n\nA:\n\n{points}", "rubric.md"), "rubric.md")
    assert (overlong_answer(card), long_list(card)) == ("", "")
