"""Who may see and do what: other names for this computer, other pages, wrong tokens, paths out of the collection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flashcards.web.app import WebHost, list_hosts
from flashcards.web.guard import keep_token
from tests.review.small_collections import questions, ratings, write
from tests.web.visitor import Visitor, served


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Visitor]:
    write(tmp_path, a=questions(2))
    (tmp_path / "picture.png").write_bytes(b"\x89PNG picture")
    (tmp_path / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    (tmp_path.parent / "outside.png").write_bytes(b"secret")
    (tmp_path / "link.png").symlink_to(tmp_path.parent / "outside.png")
    with served(tmp_path) as found:
        yield found


def test_without_the_token_nothing_is_shown(visitor: Visitor) -> None:
    for path in ("/", "/review", "/media/picture.png", "/nothing"):
        page = visitor.get(path)
        assert page.status == 403
        assert "Question" not in page.text
        assert b"picture" not in page.body


def test_the_token_gives_a_strict_cookie_that_scripts_cannot_read(visitor: Visitor) -> None:
    page = visitor.request("GET", f"/review?token={visitor.token}")
    cookie = page.headers["set-cookie"].lower()
    assert page.status == 200
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert visitor.token not in page.text + cookie  # it is not shown again, nor is it the cookie
    assert 'content="0;url=/review"' in page.text


@pytest.mark.parametrize(
    "start", ["/", "%2F", "fonts//", "../../../../../../../../../..", "x/../../../../../../../../../../.."]
)
def test_only_files_of_the_program_are_served_without_the_token(visitor: Visitor, tmp_path: Path, start: str) -> None:
    picture = tmp_path / "picture.png"
    for address in (f"/static/1/{start}{picture}", f"/static/1/{start}{str(picture)[1:]}"):
        page = visitor.get(address)
        assert page.status == 404
        assert b"picture" not in page.body
    assert visitor.get("/static/1/style.css").status == 200


@pytest.mark.parametrize("path", ["//evil.example", "/%5C%5Cevil.example", "///evil.example/x"])
def test_the_token_leads_to_no_other_site(visitor: Visitor, path: str) -> None:
    page = visitor.request("GET", f"{path}?token={visitor.token}")
    assert "url=/evil.example" in page.text


def test_a_wrong_token_is_refused_and_further_tries_have_to_wait(visitor: Visitor) -> None:
    codes = [visitor.request("GET", f"/?token=wrong{number}").status for number in range(8)]
    assert codes[0] == 403
    assert codes[-1] == 429
    waiting = visitor.request("GET", f"/?token={visitor.token}")
    assert waiting.status == 429
    assert int(waiting.headers["retry-after"]) >= 1


def test_a_wrong_cookie_is_refused(visitor: Visitor) -> None:
    visitor.open()
    name = visitor.cookie.partition("=")[0]
    for cookie in (f"{name}=", f"{name}={'0' * 64}", "other=1", "\xff=;;;="):
        assert visitor.request("GET", "/review", headers={"Cookie": cookie}).status == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "*"])
def test_a_foreign_host_name_for_this_computer_is_refused(visitor: Visitor, host: str) -> None:
    visitor.open()
    page = visitor.request("GET", "/review", headers={"Host": host.format(port=visitor.port)})
    assert page.status in (400, 421)
    assert "Question" not in page.text


def test_this_computer_is_reached_by_its_usual_names(visitor: Visitor) -> None:
    visitor.open()
    assert visitor.request("GET", "/review", headers={"Host": f"LOCALHOST:{visitor.port}"}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "", "Sec-Fetch-Site": "same-site"},
        {"Origin": ""},
    ],
)
def test_a_form_of_another_page_does_nothing(visitor: Visitor, tmp_path: Path, headers: dict[str, str]) -> None:
    page = visitor.press(visitor.open(), "show")
    answer = visitor.request("POST", "/review", f"stamp={page.stamp}&do=good", headers)
    assert answer.status == 403
    assert ratings(tmp_path) == []


def test_every_page_forbids_scripts_of_its_own_and_being_framed(visitor: Visitor) -> None:
    for page in (visitor.open(), visitor.get("/nothing"), visitor.request("GET", "/", headers={"Cookie": ""})):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-store"
        assert "<style" not in page.text
        assert " style=" not in page.text
        assert page.text.count("<script") == page.text.count('<script type="module" src="/static/')


def test_media_of_the_collection_are_served_inert(visitor: Visitor) -> None:
    visitor.open()
    assert visitor.get("/media/picture.png").body == b"\x89PNG picture"
    drawing = visitor.get("/media/drawing.svg")
    assert drawing.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in drawing.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        *("../outside.png", "%2e%2e/outside.png", "..%2foutside.png", "x/../../outside.png", "link.png"),
        *("a.md", "flashcards.toml", ".flashcards/state.db", "%2Fetc%2Fpasswd", "/etc/passwd", "picture.png%00.png"),
        *("..%5coutside.png", "@/../outside.png", ""),
    ],
)
def test_nothing_else_is_served_as_media(visitor: Visitor, path: str) -> None:
    visitor.open()
    page = visitor.get(f"/media/{path}")
    assert page.status == 404
    assert b"secret" not in page.body


@pytest.mark.parametrize(
    "path", ["../site.py", "%2e%2e/site.py", "..%2fsite.py", "style.css.map", "../templates/base.html"]
)
def test_nothing_but_style_and_scripts_is_served_without_the_token(visitor: Visitor, path: str) -> None:
    assert visitor.get(f"/static/x/{path}").status in (403, 404)
    assert visitor.get("/static/x/style.css").status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_pages_and_forms_are_answered(visitor: Visitor, method: str) -> None:
    visitor.open()
    assert visitor.request(method, "/review").status == 405


def test_a_form_too_large_is_refused(visitor: Visitor) -> None:
    visitor.open()
    assert visitor.request("POST", "/review", f"do={'x' * (9 << 20)}").status == 413


def test_in_a_network_only_the_printed_address_and_this_computer_are_accepted() -> None:
    hosts = list_hosts("192.168.7.9", 80)
    assert "192.168.7.9:80" in hosts
    assert "192.168.7.9" in hosts
    assert not [host for host in hosts if "*" in host]


def test_a_token_for_the_list_of_processes_lets_in_once(tmp_path: Path) -> None:
    write(tmp_path, a=questions(1))
    with served(tmp_path) as visitor:
        token = visitor.single()
        assert visitor.request("GET", f"/?token={token}").status == 200
        assert visitor.request("GET", f"/?token={token}").status == 403


def test_a_token_is_kept_where_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = keep_token(path)
    assert keep_token(path) == token
    assert path.stat().st_mode & 0o777 == 0o600
    assert keep_token(path, reset=True) != token
    path.write_text("short", encoding="ascii")
    assert len(keep_token(path)) > 20


def test_an_address_in_a_network_may_be_of_ipv6(tmp_path: Path) -> None:
    write(tmp_path, a=questions(1))
    host = WebHost(tmp_path, "fd00::1", 8080)
    try:
        assert host.url.startswith("http://[fd00::1]:8080/?token=")
    finally:
        host.close()
