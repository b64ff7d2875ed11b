"""The decks that ship keep the rules of good cards.

Every rule is tried on all shipped cards, and on a card that breaks it, so that a rule that has gone blind is seen.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from flashcards.catalog.files import sort_decks
from flashcards.deck.model import REVERSE, Deck, Kind, Note
from flashcards.deck.parse import parse
from tests.card_style import (
    MOST_POINT_WORDS,
    RULES,
    Card,
    Rule,
    find_answer_in_question,
    find_bare_gap,
    find_brand_list,
    find_coin_toss,
    find_long_answer,
    find_long_list,
    find_long_question,
    find_lost_reference,
    find_same_meaning,
    find_same_term,
    find_same_words,
    find_two_questions,
    find_vague_question,
    find_yes_or_no,
    list_cards,
    split_words,
)

DECKS = Path(__file__).parents[1] / "decks"
PATHS = sorted(path for path in DECKS.rglob("*.md") if ".flashcards" not in path.parts)
STORIES = "my-stories.md"

CONTRASTS = (
    ("much power but little interest", "has little power"),
    ("planned value", "earned value"),
    ("actual cost", "earned value"),
    ("fixed-price", "time-and-materials"),
    ("contingency reserve", "management reserve"),
)
"""Notes that sound alike because they must be told apart."""

SCENARIO_SKILLS = {
    "ai", "ambiguity", "change", "communication", "conflict", "delivery", "dependencies",
    "interview", "leadership", "learning", "metrics", "planning", "risk", "role",
    "scope", "security", "stakeholders", "strategy", "technical", "vendors",
}  # fmt: skip
LEVELS = ("1", "2", "3")

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
    "the difference": ("core difference", "several related efforts", "both roles are essential", "distinct skills"),
    "stories to tell": (
        "balanced technical depth with strategic",
        "challenges in one program",
        "cross-functional teams to",
    ),
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
INTERVIEW_TERMS = {
    "the rounds": ("recruiter's first call", "hiring manager", "program sense round", "system design round", "debrief"),
    "opening and closing": (
        "tell me about yourself",
        "want to be a TPM",
        "why this company",
        "question from a candidate",
    ),
    "vague prompts": ("vague prompt", "clarifying question", "state an assumption"),
    "the first months": ("first 30 days", "day 60", "90 days"),
    "neighbours": ("general program manager", "product manager", "engineering manager", "(PMO)", "Scrum Master"),
    "domains": ("strategic alignment", "governance", "life cycle management", "collaboration", "benefits register"),
    "estimates": (
        "reference class",
        "three-point",
        "Monte Carlo",
        "buffer",
        "realistic capacity",
        "burn rate",
        "(ROI)",
    ),
    "priorities": ("RICE", "MoSCoW", "cost of delay"),
    "agile": (
        "Sprint Planning",
        "Daily Scrum",
        "Sprint Review",
        "Retrospective",
        "Product Owner",
        "Agile Release Train",
    ),
    "launch": ("go/no-go", "production readiness", "release train", "soft launch"),
    "delivery": ("continuous integration", "continuous delivery", "continuous deployment", "deployment rework rate"),
    "incidents": ("SEV 1", "on call", "MTTD", "The R in MTTR", "99.9 %", "post-mortem"),
    "vendors": ("(RFP)", "SLA", "lock-in", "statement of work"),
    "people and change": ("ADKAR", "Kotter", "psychological safety"),
    "system design": (
        "load balancer",
        "message queue",
        "shard",
        "replica",
        "(CDN)",
        "cache",
        "monolith",
        "event-driven",
    ),
    "capacity by hand": ("10 million requests a day", "seconds does a day have", "20 TB"),
    "security and privacy": ("threat modelling", "least privilege", "GDPR", "SOC 2", "audit"),
    "AI and experiments": ("model drift", "evaluation set", "prompt injection", "A/B test", "guardrail metric"),
}
"""What a TPM interview tests beyond the source."""


def shipped(path: Path) -> Deck:
    return parse(path.read_text(encoding="utf-8"), path.relative_to(DECKS).as_posix())


def all_cards() -> list[Card]:
    return [card for path in PATHS for card in list_cards(shipped(path), path.name)]


def all_notes() -> list[tuple[str, Note]]:
    return [(f"{path.name}:{note.line}", note) for path in PATHS for note in shipped(path).notes]


def tags_after(prefix: str, card: Card) -> list[str]:
    """What follows the prefix in the card's tags, those of the file first."""
    return [tag.removeprefix(prefix) for tag in card.note.tags if tag.startswith(prefix)]


def said() -> str:
    """Everything that the shipped cards say, on one line in lower case."""
    return " ".join(" ".join(field for card in all_cards() for field in card.note.fields).split()).lower()


each_file = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@each_file
def test_a_shipped_file_parses_without_a_problem(path: Path) -> None:
    deck = shipped(path)
    assert deck.problems == ()
    assert deck.notes or path.name == STORIES  # the person's own


@each_file
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_shipped_card_keeps_every_rule(path: Path, rule: Rule) -> None:
    cards = list_cards(shipped(path), path.name)
    assert [f"{card.where}: {complaint}" for card in cards if (complaint := rule(card))] == []


def test_no_two_shipped_cards_ask_in_the_same_words() -> None:
    assert find_same_words(all_cards()) == []


@each_file
def test_a_shipped_file_is_tagged_and_opens_with_a_heading_and_a_sentence(path: Path) -> None:
    body = path.read_text(encoding="utf-8").split("---\n", 2)[2]
    assert re.match(r"# \S.*\n\n[A-Z][^\n]+", body)
    assert all(note.tags and note.breadcrumb for note in shipped(path).notes)


@each_file
def test_a_shipped_file_advertises_nothing(path: Path) -> None:
    assert not re.search(r"https?:|www\.|\w\.com\b", path.read_text(encoding="utf-8"), re.IGNORECASE)


TOPICS = SOURCE_TOPICS | FIELD_TERMS | INTERVIEW_TERMS


@pytest.mark.parametrize("topic", TOPICS)
def test_the_shipped_cards_cover_the_topic(topic: str) -> None:
    terms = TOPICS[topic]
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
        (find_long_question, "Q: " + "What " * 31 + "?\n\nA: Nothing"),
        (find_long_answer, "Q: What?\n\nA: " + "word " * 26),
        (find_long_answer, "C: Here is one [gap that is much too long] in a sentence of words"),
        (find_long_list, "Q: What?\n\nA:\n\n- a\n- b\n- c\n- d\n- e"),
        (find_long_list, "Q: What?\n\nA:\n\n| x |\n| --- |\n| a |\n| b |\n| c |\n| d |\n| e |"),
        (find_long_list, "C: It takes [ships], [trains], [cars], [planes] and [feet] to get there"),
        (find_yes_or_no, "Q: Does a milestone last?\n\nA: No"),
        (find_yes_or_no, "Q: When the plan slips, should you escalate?\n\nA: Yes"),
        (find_coin_toss, "Q: Which of the two is wider?\n\nA: The second"),
        (find_coin_toss, "Q: At which level are benefits managed?\n\nA: The program level"),
        (find_answer_in_question, "Q: Why does a red status report matter?\n\nA: A red status"),
        (find_answer_in_question, "Q: How do risks threaten the budget?\n\nA: Risks threaten budgets daily"),
        (find_answer_in_question, "T: stakeholder map\n\nD: Drawing of every stakeholder by influence"),
        (find_answer_in_question, "C: A planned budget is set while [planning] the work ahead"),
        (find_answer_in_question, "change board :: who approves changes"),
        (find_coin_toss, "Q: Which is wider, the program or the project?\n\nA: The larger effort"),
        (find_lost_reference, "Q: How does it end?\n\nA: With a review"),
        (find_lost_reference, "Q: Which of them does the latter need?\n\nA: A sponsor"),
        (find_lost_reference, "Q: What does the following table lack?\n\nA: An owner"),
        (find_lost_reference, "T: service level\n\nD: Such a measure, but agreed"),
        (find_lost_reference, "T: idempotent\n\nD: One that can be repeated safely"),
        (find_vague_question, "Q: What comes first?\n\nA: The goal"),
        (find_vague_question, "Q: The third step of the work\n\nA: Planning"),
        (find_vague_question, "- walls go up only once the foundation is complete :: finish-to-start"),
        (find_two_questions, "Q: Who may cancel a sprint, and when?\n\nA: The owner, if its goal is obsolete"),
        (find_two_questions, "Q: What is a risk? What is an issue?\n\nA: The second has happened"),
        (find_brand_list, "Q: Which tools follow tasks?\n\nA: Jira, Asana and Trello, for example"),
        (find_bare_gap, "C: Beware [creep]"),
        (find_bare_gap, "C: The work is divided by what is [of the] a project plan"),
    ],
)
def test_a_rule_catches_a_card_that_breaks_it(rule: Rule, markdown: str) -> None:
    deck = parse(markdown, "bad.md")
    assert deck.problems == ()
    assert any(rule(card) for card in list_cards(deck, "bad.md"))


def test_the_same_question_in_two_places_is_caught() -> None:
    deck = parse("Q: What is *float*?\n\nA: Slack\n\nQ: what is float?\n\nA: Spare time", "bad.md")
    assert len(find_same_words(list(list_cards(deck, "bad.md")))) == 1


def test_there_is_enough_to_prepare_with() -> None:
    cards = all_cards()
    rubrics = [card for card in cards if card.note.points]
    assert len(cards) - len(rubrics) >= 350
    assert len(rubrics) >= 80


def test_every_scenario_has_a_rubric_a_skill_and_a_difficulty() -> None:
    for path in PATHS:
        for card in list_cards(shipped(path), path.name):
            if not card.note.points and path.parent.name != "scenarios":
                continue
            assert 4 <= len(set(card.note.points)) == len(card.note.points) <= 8, card.where
            assert all(len(split_words(point)) <= MOST_POINT_WORDS for point in card.note.points), card.where
            assert len(tags_after("skill:", card)) == 1, card.where
            assert len(tags_after("difficulty:", card)) == 1, card.where
            assert len(tags_after("scenario", card) + tags_after("behavioural", card)) == 1, card.where


def test_every_card_names_a_skill_and_at_most_one_difficulty() -> None:
    for card in all_cards():
        assert tags_after("skill:", card), card.where
        assert len(tags_after("difficulty:", card)) <= 1, card.where
        assert set(tags_after("difficulty:", card)) <= set(LEVELS), card.where


def test_scenarios_cover_every_skill_at_every_difficulty() -> None:
    rubrics = [card for card in all_cards() if card.note.points]
    found = Counter((tags_after("skill:", card)[-1], tags_after("difficulty:", card)[0]) for card in rubrics)
    assert [(skill, level) for skill in sorted(SCENARIO_SKILLS) for level in LEVELS if not found[skill, level]] == []
    assert {skill for skill, _ in found} == SCENARIO_SKILLS
    by_skill = Counter(skill for skill, _ in found.elements())
    assert max(by_skill.values()) <= len(rubrics) / 4


def test_every_skill_of_the_scenarios_has_cards_that_teach_it() -> None:
    taught = {skill for card in all_cards() if not card.note.points for skill in tags_after("skill:", card)}
    practised_alone = {"ambiguity", "learning"}  # nothing to know by heart
    assert taught >= SCENARIO_SKILLS - practised_alone


def test_no_two_shipped_notes_have_the_same_text() -> None:
    assert find_same_meaning(all_notes(), CONTRASTS) == []


def test_no_two_shipped_notes_define_the_same_term() -> None:
    assert find_same_term(all_notes()) == []


@pytest.mark.parametrize(
    "markdown",
    [
        "Q: What does a team's velocity measure?\n\nA: The work, mostly in story points, that it finishes in a sprint.",
        "Q: Who should have one accountable person?\n\nA: Each task: if several answer for it, each waits.",
        "Q: What does a pre-mortem do?\n\nA: The team imagines that the work failed and asks for causes.",
    ],
)
def test_a_shipped_fact_in_other_words_is_caught(markdown: str) -> None:
    (note,) = parse(markdown, "bad.md").notes
    (pair,) = find_same_meaning([*all_notes(), ("bad.md", note)], CONTRASTS)
    assert pair.startswith("bad.md")


@pytest.mark.parametrize("asked", ["What is an error budget?", "What does the error budget of a service say?"])
def test_a_term_that_is_asked_twice_is_caught(asked: str) -> None:
    deck = parse(f"T: error budget\nD: What may fail\n\nQ: {asked}\nA: Slack for risk", "bad.md")
    assert len(find_same_term(("bad.md", note) for note in deck.notes)) == 1


def test_a_story_becomes_a_rubric_card_when_its_fence_is_removed() -> None:
    template = (DECKS / "tpm" / STORIES).read_text(encoding="utf-8")
    blocks = re.findall(r"```markdown\n(.*?)```\n", template, re.DOTALL)
    assert len(blocks) >= 8
    assert parse(template, STORIES).notes == ()
    for block in blocks:
        opened = parse(template.replace(f"```markdown\n{block}```\n", block), STORIES)
        assert opened.problems == ()
        (card,) = list_cards(opened, STORIES)
        assert 4 <= len(card.note.points) <= 8
        assert {"stories", "behavioural"} < set(card.note.tags)
        assert tags_after("skill:", card)[0] in SCENARIO_SKILLS


def test_a_number_in_a_story_becomes_a_card_once_it_is_filled_in() -> None:
    template = (DECKS / "tpm" / STORIES).read_text(encoding="utf-8")
    filled = parse(template.replace("measured result ::", "measured result :: 30 % fewer incidents"), STORIES)
    assert [note.fields for note in filled.notes] == [("My largest program, measured result", "30 % fewer incidents")]


def test_a_rubric_may_be_longer_than_an_answer() -> None:
    points = "\n".join(f"- [ ] {'word ' * 6}" for _ in range(6))
    (card,) = list_cards(parse(f"Q: How would you begin?\n\nA:\n\n{points}", "rubric.md"), "rubric.md")
    assert (find_long_answer(card), find_long_list(card)) == ("", "")


def cards_in_order() -> list[Card]:
    """All cards in the order in which they are asked first."""
    decks = {deck.name: deck for path in PATHS for deck in [shipped(path)]}
    names = sort_decks(decks, {name: deck.settings.get("order") for name, deck in decks.items()})
    return [card for name in names for card in list_cards(decks[name], name)]


def test_every_shipped_file_has_its_own_place_in_the_order() -> None:
    orders = [shipped(path).settings.get("order") for path in PATHS]
    assert all(isinstance(order, int) for order in orders)
    assert len(set(orders)) == len(orders)


def test_the_difference_and_the_role_come_first_and_technical_depth_late() -> None:
    decks = list(dict.fromkeys(card.where.rpartition(":")[0].removeprefix("tpm::") for card in cards_in_order()))
    assert decks[:2] == ["the-difference", "the-tpm-role"]
    subjects = ["project-management", "risk-and-dependencies", "stakeholders-and-communication", "change-and-metrics"]
    places = [decks.index(name) for name in (*subjects, "system-design", "shipping-software")]
    assert places == sorted(places)


def test_scenarios_come_from_the_second_week_on_among_the_other_cards() -> None:
    week = 7 * 20  # cards, at the pace of the defaults
    kinds = [bool(card.note.points) for card in cards_in_order()]
    weeks = [kinds[at : at + week] for at in range(0, len(kinds), week)]
    assert not any(weeks[0])
    assert all(any(each) and not all(each) for each in weeks[1:])
