"""The query language: each field, how conditions join, and that no text does more than find."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flashcards.collection import Collection
from flashcards.errors import DeckUnknown, UsageError
from flashcards.query import QueryInvalid, find_card_ids, terms
from flashcards.query.find import QueryTooSlow
from flashcards.query.terms import PatternKind, TextSearch, compile_tag, match_words, normalize, to_regex
from scheduler import Rating

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {
    "tpm/tools.md": "---\ntags: [exam]\n---\nQ: gantt chart\nA: bars\n\nT: critical path\nD: the longest path\n",
    "tpm/scenarios.md": "Q: Late supplier\nA: Tell early.\n<!-- tags: exam::oral, hard -->\n\nC: [one] and [two]\n",
    "math.md": "Q: 100 % of a_b\nA: it's 5\" \\frac\n\nQ: café straße\nA:\n- [ ] first\n- [ ] second\n",
    "pairs.md": "- left ::: right\n",
}


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    root: Path = tmp_path_factory.mktemp("collection")
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    with Collection(root) as made:
        made.scan()
        prepare(made)
        yield made


def prepare(made: Collection) -> None:
    """Rate, suspend, bury and flag some cards, each the only one of its kind."""
    now = time.time_ns() // 1_000_000
    store = made.store
    cards = {name: card for card, name in names(made).items()}
    policy = made.settings.policy
    store.rate(cards["gantt chart.forward"], Rating.AGAIN, policy, now)
    store.rate(cards["Late supplier.forward"], Rating.EASY, policy, now - 5 * 86_400_000)
    store.set_due([cards["100 % of a_b.forward"]], made.clock.day(now), now)
    store.suspend([cards["café straße.forward"]])
    store.bury([cards["left.reverse"]], made.clock.day(now))
    store.flag([cards["left.forward"]], 3)
    voided = store.rate(cards["left.forward"], Rating.HARD, policy, now)
    assert store.undo(now).id == voided.id


def names(made: Collection) -> dict[int, str]:
    """A readable name of each card."""
    return {
        card.id: f"{entry.note.fields[0]}.{card.slot}"
        for entry in made.catalog.entries()
        for card in made.store.cards_of(entry.id)
    }


def found(made: Collection, query: str) -> set[str]:
    known = names(made)
    return {known[card] for card in find_card_ids(made, query)}


GANTT, LATE = "gantt chart.forward", "Late supplier.forward"
PATH = {"critical path.forward", "critical path.reverse"}
CLOZE = {"[one] and [two].c1", "[one] and [two].c2"}
MATH, CAFE = "100 % of a_b.forward", "café straße.forward"
PAIR = {"left.forward", "left.reverse"}
TOOLS, SCENARIOS = {GANTT, *PATH}, {LATE, *CLOZE}
ALL = {*TOOLS, *SCENARIOS, MATH, CAFE, *PAIR}

CASES: dict[str, set[str]] = {
    "": ALL,
    "   ": ALL,
    # decks
    "deck:tpm": TOOLS | SCENARIOS,
    "deck:tpm::tools": TOOLS,
    "deck:TPM::Tools": TOOLS,
    "deck:tp*": TOOLS | SCENARIOS,
    "deck:*::tools": TOOLS,
    "deck:*": ALL,
    "tpm": TOOLS | SCENARIOS,
    "tpm::scenarios": SCENARIOS,
    "Math": {MATH, CAFE},
    '"math"': set(),
    "deck:scenarios": SCENARIOS,
    "scenarios": SCENARIOS,
    # words with wildcards, whole words, regular expressions, accents, fields
    "g*tt": {GANTT},
    "b_rs": {GANTT},
    r"a\_b": {MATH},
    r"a\*b": set(),
    "w:long": set(),
    "w:longest": PATH,
    "w:long*": PATH,
    "re:crit.*path": PATH,
    're:"^gantt\\b"': {GANTT},
    r"re:\bone\b": CLOZE,
    "nc:cafe": {CAFE},
    "cafe": set(),
    "nc:café": {CAFE},
    "front:gantt": set(),
    'front:"gantt chart"': {GANTT},
    "front:*chart": {GANTT},
    "back:bars": {GANTT},
    # parts, repeated questions, cards of a note
    "has:tag": TOOLS | {LATE},
    "has:review": {GANTT, LATE},
    "has:image": set(),
    'dupe:"GANTT chart"': {GANTT},
    "dupe:all": set(),
    "card:reverse": {"critical path.reverse", "left.reverse"},
    "card:2": {"critical path.reverse", "left.reverse", "[one] and [two].c2"},
    # times
    "introduced:1": {GANTT},
    "introduced:6": {GANTT, LATE},
    "edited:1": ALL,
    "resched:1": {MATH},
    "g*tt OR b_rs AND is:learn": {GANTT},
    # tags
    "tag:exam": TOOLS | {LATE},
    "tag:exam::oral": {LATE},
    "tag:hard": {LATE},
    "tag:HARD": {LATE},
    "tag:ora": set(),
    "tag:*oral": {LATE},
    "tag:h*d": {LATE},
    "tag:e*d": set(),
    "tag:none": {*CLOZE, MATH, CAFE, *PAIR},
    # states
    "is:new": ALL - {GANTT, LATE, MATH},
    "is:learn": {GANTT},
    "is:learning": {GANTT},
    "is:relearning": set(),
    "is:review": {LATE, MATH},
    "is:due": {MATH},
    "is:suspended": {CAFE},
    "is:buried": {"left.reverse"},
    "is:leech": set(),
    "IS:New": ALL - {GANTT, LATE, MATH},
    # numbers
    "prop:reps>0": {GANTT, LATE},
    "prop:reps=0": ALL - {GANTT, LATE},
    "prop:reps!=0": {GANTT, LATE},
    "prop:lapses>=1": set(),
    "prop:due=0": {MATH},
    "prop:due<=0": {MATH},
    "prop:due>-1": {LATE, MATH},
    "prop:ivl>=1": {LATE},
    "prop:s>1": {LATE},
    "prop:d<11": {GANTT, LATE},
    "prop:r<0.99": {LATE},
    "prop:r>0.99": {GANTT},
    '"prop:reps>0"': set(),
    # days
    "rated:1": {GANTT},
    "rated:7": {GANTT, LATE},
    "rated:1:1": {GANTT},
    "rated:7:4": {LATE},
    "rated:7:2": set(),
    "added:1": ALL,
    # marks, kinds, files, ids
    "flag:3": {"left.forward"},
    "flag:0": ALL - {"left.forward"},
    "kind:question": {GANTT, LATE, MATH},
    "kind:rubric": {CAFE},
    "kind:term": PATH,
    "kind:cloze": CLOZE,
    "kind:pair": PAIR,
    "file:pairs.md": PAIR,
    "file:tpm/*": TOOLS | SCENARIOS,
    "file:tpm": set(),
    "id:*.reverse": {"critical path.reverse", "left.reverse"},
    # words
    "GANTT": {GANTT},
    "longest": PATH,
    '"critical path"': PATH,
    '"path critical"': set(),
    '"the  longest"': PATH,
    "%": {MATH},
    "a_b": {MATH},
    "a?b": set(),
    "STRASSE": {CAFE},
    "cafe\u0301": {CAFE},
    '"5\\""': {MATH},
    "it's": {MATH},
    r"\\frac": {MATH},
    # how they join
    "path critical": PATH,
    "path and critical": PATH,
    "gantt or left": {GANTT, *PAIR},
    "gantt OR left": {GANTT, *PAIR},
    "deck:tpm gantt or left": {GANTT, *PAIR},
    "deck:tpm (gantt or left)": {GANTT},
    "(deck:tpm)": TOOLS | SCENARIOS,
    "((gantt))": {GANTT},
    "-deck:tpm": ALL - TOOLS - SCENARIOS,
    "--gantt": ALL,
    "- - gantt": {GANTT},
    "-(gantt or left)": ALL - {GANTT} - PAIR,
    "-(deck:tpm tag:exam)": ALL - TOOLS - {LATE},
    '-"critical path"': ALL - PATH,
    "-is:due": ALL - {MATH},
    "-prop:due=0": ALL - {MATH},
    "-prop:r>0": ALL - {GANTT, LATE},
    "-tag:none": TOOLS | {LATE},
    "deck:tpm -is:new -rated:1": {LATE},
}


@pytest.mark.parametrize("query", CASES, ids=repr)
def test_a_query_finds_the_matching_cards(collection: Collection, query: str) -> None:
    assert found(collection, query) == CASES[query]


def test_a_deck_is_found_in_any_case_of_any_letter(tmp_path: Path) -> None:
    (tmp_path / "übung.md").write_text("Q: one\nA: 1\n", encoding="utf-8")
    with Collection(tmp_path) as made:
        made.scan()
        assert [len(find_card_ids(made, query)) for query in ("deck:ÜBUNG", "Übung")] == [1, 1]


def test_cards_come_in_order_of_deck_file_and_line(collection: Collection) -> None:
    known = names(collection)
    assert [known[card] for card in find_card_ids(collection, "deck:tpm")] == [
        *("Late supplier.forward", "[one] and [two].c1", "[one] and [two].c2"),
        *("gantt chart.forward", "critical path.forward", "critical path.reverse"),
    ]


def test_a_search_finds_no_more_cards_than_requested(collection: Collection) -> None:
    everything = find_card_ids(collection, "")
    assert find_card_ids(collection, "", 3) == everything[:3]
    assert find_card_ids(collection, "", 1000) == everything


@pytest.mark.parametrize("query", ["{}", '"{}"', "deck:{}*", "-tag:{}", "file:{}*", "re:{}"])
def test_a_word_that_the_database_could_not_match_is_refused(collection: Collection, query: str) -> None:
    assert find_card_ids(collection, query.format("a😀" * 4_900).removeprefix("-")) == []
    with pytest.raises(QueryInvalid, match="a word has more than 10,000 characters"):
        find_card_ids(collection, query.format("a😀" * 30_000))


def test_a_day_reaches_back_to_its_start(collection: Collection) -> None:
    assert found(collection, "rated:5") == {GANTT}
    assert found(collection, "rated:6") == {GANTT, LATE}


@pytest.mark.parametrize(
    "query",
    [
        *("(", ")", "(a", "a)", "()", '"', '"a', 'a"', "-", "- ", "a -", "or", "a or", "or a", "a or or b", "(or)"),
        *(
            "and or and",
            "is:",
            "is:odd",
            "prop:",
            "prop:reps",
            "prop:reps>",
            "prop:reps>x",
            "prop:name>1",
            "prop:r>1e3",
        ),
        *(
            "rated:",
            "rated:x",
            "rated:0",
            "rated:-1",
            "rated:1:0",
            "rated:1:",
            "rated:²",
            "rated:99999999999",
            "added:",
        ),
        *("added:0.5", "flag:", "flag:8", "flag:01", "flag:x", "nonsense:1", ":x", "a:b:c", "\udcff", "x" + " x" * 250),
        *("(" * 10_000, "-" * 10_000 + " x", "- " * 10_000 + "x", "a or " * 10_000 + "a", "9" * 100_000 + ":"),
    ],
    ids=lambda query: repr(query[:20]),
)
def test_a_query_that_cannot_be_read_is_refused(collection: Collection, query: str) -> None:
    if query == "-" * 10_000 + " x":
        assert found(collection, query) == set()  # a word of hyphens, negated: and `x` beside it
        return
    with pytest.raises(QueryInvalid) as refused:
        find_card_ids(collection, query)
    assert "cannot be read: " in str(refused.value)


@pytest.mark.parametrize("length", [2, 100, 249])
def test_a_query_of_many_conditions_works(collection: Collection, length: int) -> None:
    assert found(collection, " ".join(["deck:tpm"] * length)) == TOOLS | SCENARIOS
    assert found(collection, " or ".join(["deck:tpm"] * (length // 2))) == TOOLS | SCENARIOS


@pytest.mark.parametrize("opening", ["(", "-", "-(", "(x or -", "(deck:tpm or x -("])
def test_nesting_ends_in_an_answer_or_in_a_refusal(collection: Collection, opening: str) -> None:
    refused = 0
    for depth in range(1, 60):
        try:
            found(collection, f"{opening} " * depth + "prop:r>0" + ")" * opening.count("(") * depth)
        except QueryInvalid as error:
            assert "it is nested too deeply." in str(error) or "more than 250 words" in str(error)
            refused += 1
    assert 40 < refused < 57


INJECTIONS = [
    "'; DROP TABLE cards; --",
    "deck:x') OR 1=1 --",
    'deck:"x\') OR 1=1; DELETE FROM reviews; --"',
    "tag:' OR ''='",
    "id:') UNION SELECT 1 --",
    "file:x\\",
    "prop:reps>0;DROP",
    "flag:1;DELETE",
    "\"kind:' OR 1 OR '\"",
    'kind:"x) OR (1"',
    ":today",
    "deck::now",
    '":today"',
    "?",
    "deck:?",
    "1=1",
    "\x00",
    "deck:\x00",
]


@pytest.mark.parametrize("query", INJECTIONS)
def test_no_query_reaches_the_database_as_sql(collection: Collection, query: str) -> None:
    before = list(collection.connection.iterdump())
    with suppress(UsageError):
        assert found(collection, query) == set()
    assert list(collection.connection.iterdump()) == before


pieces = st.one_of(
    st.sampled_from(["(", ")", "-", "or", "and", '"', "\\", ":", " ", "*", "%", "_", "'", "?", ";", "1", "due", "new"]),
    st.sampled_from(["deck:", "tag:", "is:", "prop:", "rated:", "added:", "flag:", "kind:", "file:", "id:", "tpm"]),
    st.text(max_size=4),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(pieces, max_size=14).map("".join))
@example("is:due" + "\x00")
@example("prop:s>" + "9" * 400)
def test_any_text_finds_cards_or_is_refused(collection: Collection, query: str) -> None:
    try:
        cards = find_card_ids(collection, query)
    except UsageError:
        return
    assert len(set(cards)) == len(cards)
    assert set(cards) <= set(names(collection))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_quoted_text_is_looked_for_as_it_is(collection: Collection, text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert found(collection, f'"{quoted}"') | found(collection, f'-"{quoted}"') == ALL
    assert not found(collection, f'"{quoted}" -"{quoted}"')


@pytest.mark.parametrize("name", ["tp", "m_th", "%", "", "tpm::tool"])
def test_a_deck_that_does_not_exist_is_named_with_the_nearest_one(collection: Collection, name: str) -> None:
    with pytest.raises(DeckUnknown, match=f"There is no deck `{name}`"):
        found(collection, f'-deck:"{name}"')


@pytest.mark.parametrize("anywhere", [True, False])
def test_many_wildcards_are_matched_in_linear_time(anywhere: bool) -> None:
    text = "a" * 20_000
    assert not re.fullmatch(to_regex("a*" * 30 + "b", anywhere=anywhere), text)
    assert compile_tag("*a" * 30 + "b").fullmatch(text) is None
    assert compile_tag("*a" * 30).fullmatch(text)


def test_a_regular_expression_that_takes_too_long_is_refused(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms, "_REGEX_SECONDS", 0.05)
    (collection.root / "long.md").write_text(f"Q: {'a' * 60}\nA: b\n")
    collection.scan()
    for pattern in ("(a|a)*b", "(a|aa)+c"):
        with pytest.raises(QueryTooSlow, match="takes too long"):
            found(collection, f're:"{pattern}"')
    assert found(collection, "re:a{60}")
    (collection.root / "long.md").unlink()
    collection.scan()


def test_a_regular_expression_that_repeats_repetitions_is_refused_before_it_fills_the_memory(
    collection: Collection,
) -> None:
    with pytest.raises(QueryInvalid, match="repeats its parts too often"):
        found(collection, 're:"((a{1000}){1000}){1000}"')


@given(st.text("ab*_ ", min_size=1, max_size=6), st.text("ab ", max_size=8))
def test_wildcards_mean_the_same_as_in_a_plain_regular_expression(pattern: str, text: str) -> None:
    plain = "".join({"*": ".*", "_": "."}.get(sign, sign) for sign in pattern)
    assert bool(re.search(plain, text)) == bool(re.match(to_regex(pattern, anywhere=True), text))
    assert bool(re.fullmatch(plain, text)) == bool(re.fullmatch(to_regex(pattern), text))


odd = st.text('aEe\u0301ſßﬁ\u212a\u0130 \n\x1f"\\knu01', max_size=8)


@given(odd, st.lists(odd, min_size=1, max_size=3))
@example("na", ["x\na"])
@example("na", ["x\\na"])
@example("1fa", ["\x1fa"])
@example("ak", ["x"])
@example("fields", ["x", "]"])
def test_words_are_found_in_any_stored_form_of_a_text(words: str, fields: list[str]) -> None:
    note = {"kind": "question", "fields": fields, "slots": ["forward"], "breadcrumb": ["ak", '"fields":[n],"slots":[']}
    body = orjson.dumps(note).decode()
    pattern = words.replace("\\", "")
    expected = normalize(pattern) in normalize(" ".join(fields))
    assert TextSearch().match(PatternKind.TEXT, pattern, body) == expected
    condition = match_words(pattern)
    with closing(sqlite3.connect(":memory:")) as database:
        database.create_function("matches", 4, TextSearch().match)
        row = database.execute(f"WITH n(body) AS (SELECT ?) SELECT {condition.sql} FROM n", (body, *condition.values))
        assert bool(row.fetchone()[0]) == expected
