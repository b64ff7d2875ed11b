"""Cards that try to run something: nothing of it is left in the page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.render.html.tags import ATTRIBUTES, TAGS
from flashcards.web.markup import PageRenderer
from tests.review.small_collections import write
from tests.web.visitor import served

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><script>alert(1)</script></svg>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1)) [y](&#106;avascript:alert(1)) [z](java\tscript:alert(1))",
    "![x](javascript:alert(1))",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<style>body{background:url(https://x.example)}</style>",
    "<p style='background:url(https://x.example)'>x</p>",
    "<link rel=stylesheet href=https://x.example>",
    "<meta http-equiv=refresh content='0;url=https://x.example'>",
    "<form action=https://x.example><input name=a><button formaction=javascript:alert(1)>b</button></form>",
    "<math><mtext></p><img src onerror=alert(1)></math>",
    "<details ontoggle=alert(1) open><summary>x</summary></details>",
    "<a href='vbscript:x' onclick=alert(1)>x</a>",
    "`<script>alert(1)</script>` ```\n<script>\n```",
    '$\\href{javascript:alert(1)}{x} "><script>alert(1)</script>$',
    '![x" onerror="alert(1)](a.png "t\\" onerror=\\"alert(1)")',
    "<base href=https://x.example>",
    "<object data=https://x.example></object><embed src=https://x.example>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "</main></form><form action=/review method=post><input name=do value=easy>",
    "<img src='x' data-keys='space' class='zoom' id='main'>",
    "<p style='position:fixed;inset:0;background:red'>x</p>",
    "<svg><style>*{position:fixed}</style><foreignObject><img src=x onerror=alert(1)></foreignObject></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)></svg>#x'/><image href=https://x.example></svg>",
    "<img srcset='https://x.example 2x' src='data:,x'><video poster=https://x.example></video>",
    "<a href=x ping=https://x.example>x</a><link rel=prefetch href=https://x.example>",
    "<template shadowrootmode=open><script>alert(1)</script></template><portal src=https://x.example>",
    r"$\href{javascript:alert(1)}{x} \url{javascript:alert(1)} \includegraphics{https://x.example/a.png}$",
    r"$\htmlStyle{position:fixed;inset:0}{x} \htmlClass{main}{y} \htmlId{main}{z} \htmlData{keys=space}{w}$",
]
OURS = {"mark": {"class"}, "span": {"class", "data-tex", "data-display"}, "a": {"class", "href", "target", "rel"}}
OURS |= {"audio": {"preload"}, "video": {"preload"}, "pre": set(), "code": {"class"}, "ul": {"class"}, "input": set()}


class Inspector(HTMLParser):
    """Reads HTML as a browser does, and keeps what is not allowed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        allowed = ATTRIBUTES["*"] | ATTRIBUTES.get(tag, frozenset()) | OURS.get(tag, set())
        if tag not in TAGS | set(OURS) - {"input"}:
            self.wrong.append(tag)
        for name, value in attrs:
            if name not in allowed:
                self.wrong.append(f"{tag} {name}")
            if name in ("href", "src") and (value or "").strip().lower().startswith(("javascript:", "vbscript:")):
                self.wrong.append(f"{tag} {name}={value}")
            if name == "class" and tag == "a" and value != "zoom":
                self.wrong.append(f"{tag} {name}={value}")


def inspect(html: str) -> list[str]:
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    return inspector.wrong


@pytest.mark.parametrize("card", HOSTILE)
def test_nothing_that_runs_is_left(tmp_path: Path, card: str) -> None:
    assert inspect(PageRenderer(tmp_path, "a.md", {}).render_side(card, "", ())) == []


PIECES = st.sampled_from([*HOSTILE, "<", ">", '"', "'", "\n\n", "$", "`", "![", "](", ")", "<b>", "&lt;", "⦉", "⦊"])


@given(st.lists(PIECES, max_size=6).map("".join))
def test_nothing_that_runs_is_left_of_any_mixture(card: str) -> None:
    for delimiters in ((), ("⦉", "⦊")):
        html = PageRenderer(Path("/nowhere"), "a.md", {}).render_side(card, "", delimiters)
        assert inspect(html) == [], html


def test_names_of_decks_headings_and_tags_are_text(tmp_path: Path) -> None:
    write(tmp_path, a='---\ndeck: "<i onclick=x>d"\ntags: ["<img/src=x>"]\n---\n# <b onclick=x>h\n\nQ: q\nA: a\n')
    with served(tmp_path) as visitor:
        page = visitor.press(visitor.open(), "show")
    for text in ("<i onclick", "<img/src", "<b onclick"):
        assert text not in page.text


CONTROLS = "\x1b]52;c;aGk=\x07\x9b31m\u202e"
LINKED = (
    "/",
    "/cards",
    "/search?q=is:new",
    "/statistics",
    "/readiness?on=%1B%07",
    "/deck?name=%1B",
    "/search?q=%1B%E2%80%AE",
)


def test_no_control_character_of_a_name_or_of_an_address_reaches_a_page(tmp_path: Path) -> None:
    write(tmp_path, **{f"a{CONTROLS}": "# head\x1b[1m\u202e\n\nQ: q\x1b\u202e\nA: a\n"})
    (tmp_path / "b.md").write_text('---\ndeck: "b\u202ec"\ntags: ["\u202et"]\n---\nQ: broken\n\nQ: r\nA: s\n')
    with served(tmp_path) as visitor:
        texts = [visitor.open().text, *(visitor.get(path).text for path in LINKED)]
        cards = sorted(set(re.findall(r'href="(/(?:card|deck)[/?][^"]*)"', "".join(texts))))
        texts += [visitor.get(path).text for path in (*cards, *(path.replace("/card/", "/info/") for path in cards))]
    assert len(cards) > 2
    assert not [found for text in texts for found in re.findall(".{9}[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]", text)]


def test_the_editor_shows_and_keeps_control_characters(tmp_path: Path) -> None:
    write(tmp_path, a="Q: q\x1b\u202e\nA: a\n")
    with served(tmp_path) as visitor:
        visitor.open()
        (address,) = re.findall(r'href="(/edit/\d+)"', visitor.get("/review").text)
        assert "q\x1b\u202e" in visitor.get(address).text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/card/" + "9" * 400, ""),
        ("GET", "/card/" + "9" * 5000, ""),
        ("POST", "/edit/" + "9" * 5000, ""),
        ("POST", "/start", "deck=" + "a" * 70_000),
        ("POST", "/start", "deck=x&limit=" + "9" * 5000),
        ("POST", "/edit/1", "text=x&line=" + "9" * 5000),
        ("GET", "/search?q=deck:" + "a" * 60_000, ""),
    ],
)
def test_endless_names_and_numbers_are_refused_in_a_sentence(
    tmp_path: Path, method: str, path: str, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, a="Q: q\nA: a\n")
    with served(tmp_path) as visitor:
        visitor.open()
        if path == "/edit/1":
            (path,) = re.findall(r'href="(/edit/\d+)"', visitor.get("/review").text)
        page = visitor.request(method, path, body)
    assert 200 <= page.status < 500, page.text
    assert "Traceback" not in caplog.text
