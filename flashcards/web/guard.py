"""Accept requests only from the user's own browser: check host, token, cookie and origin."""

from __future__ import annotations

import hmac
import secrets
from contextlib import suppress
from hashlib import sha256
from html import escape
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from flashcards.disk.atomic import write_file
from flashcards.sync.account import GuessLimit
from flashcards.web.shared_state import static_address

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN: Final = "/static/"
"""The prefix of addresses that need no token, since they contain no personal data."""

_LONGEST_PATH: Final = 4096  # characters
_SHORTEST: Final = 20  # minimum length of a stored token
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # `no-referrer` would make browsers omit the origin of forms, which is checked
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self)",
    "cache-control": "no-store",
}

_CLOSED: Final = (
    "This page belongs to a flashcards collection. Open the address that flashcards printed at its start, with"
    " its token; or scan its code again."
)
_HOST: Final = "flashcards does not accept this host name. Open the address that it printed when it was started."
_ORIGIN: Final = "This request comes from another page, so nothing was done. Open the address that flashcards printed."
_WAIT: Final = "Too many wrong tokens. Wait {} seconds, then open the address that flashcards printed."


class Guard:
    """Lets a request pass only with an expected host and with the cookie that a token gives.

    `hosts` are the values of `Host` that are answered; any other may be a name that an attacker's page points here. The
    printed address holds the `token`. Browsers do not tell ports apart, so the name of the `cookie` does.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], token: str, cookie: str) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._token = token
        self._cookie = cookie
        self._value = hmac.new(token.encode(), b"cookie", sha256).hexdigest()
        self._limit = GuessLimit()
        self._singles: set[str] = set()

    def make_single_token(self) -> str:
        """Return a token that works once, for places where others can read it, such as the process list."""
        token = make_token()
        self._singles.add(token)
        return token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            raise RuntimeError("Only HTTP is served.")
        response = self._stop(scope)
        await (response or self._app)(scope, receive, lambda message: send(_add_headers(message)))

    def _stop(self, scope: Scope) -> Response | None:
        """Return the response to a rejected request, or nothing if the request may pass."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return PlainTextResponse(_HOST, 421)
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("Only pages and forms are served.", 405)
        if len(scope["path"]) > _LONGEST_PATH:
            return PlainTextResponse("This address is too long.", 414)
        if scope["path"].startswith(OPEN):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if any(name == "token" for name, _ in query):
            return self._take_token(scope, query)
        if not self._has_cookie(headers):
            return _refuse(_CLOSED, 403)
        if scope["method"] == "POST" and not _is_own_form(headers, hosts[0]):
            return _refuse(_ORIGIN, 403)
        return None

    def _take_token(self, scope: Scope, query: list[tuple[str, str]]) -> Response:
        """Exchange the token in an address for a cookie, or reject it."""
        peer = scope["client"][0] if scope.get("client") else ""
        if wait := self._limit.wait(peer):
            return _refuse(_WAIT.format(round(wait + 0.5)), 429, {"retry-after": str(round(wait + 0.5))})
        given = next(value for name, value in query if name == "token")
        is_right = self._use_token(given)
        self._limit.record(peer, success=is_right)
        if not is_right:
            return _refuse(_CLOSED, 403)
        rest = urlencode([pair for pair in query if pair[0] != "token"])
        target = "/" + scope["path"].lstrip("/\\") + (f"?{rest}" if rest else "")
        # Not a redirect: a browser coming from another site would follow it without the strict cookie.
        page = HTMLResponse(_WELCOME.format(escape(target)))
        page.set_cookie(self._cookie, self._value, path="/", httponly=True, samesite="strict", max_age=400 * 86_400)
        return page

    def _use_token(self, given: str) -> bool:
        """Return whether a token is right; one that works once is then used up."""
        if hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode()):
            return True
        for single in self._singles:
            if hmac.compare_digest(given.encode("utf-8", "replace"), single.encode()):
                self._singles.discard(single)
                return True
        return False

    def _has_cookie(self, headers: Headers) -> bool:
        for text in headers.getlist("cookie"):
            try:
                found = SimpleCookie(text).get(self._cookie)
            except CookieError:
                continue
            if found is not None and hmac.compare_digest(found.value.encode("utf-8", "replace"), self._value.encode()):
                return True
        return False


def make_token() -> str:
    """Return an unguessable token."""
    return secrets.token_urlsafe(16)


def keep_token(path: Path, *, reset: bool = False) -> str:
    """Return the token stored in a file that only its owner can read. Create it if missing, or with `reset`."""
    with suppress(OSError, UnicodeDecodeError):
        token = path.read_text(encoding="ascii").strip()
        if len(token) >= _SHORTEST and not reset:
            return token
    token = make_token()
    write_file(path, token.encode(), is_private=True)
    return token


def _is_own_form(headers: Headers, host: str) -> bool:
    """Return whether one of our pages sent a form. Browsers state that in `Origin` or `Sec-Fetch-Site`."""
    origin = headers.get("origin")
    if origin is not None:
        return origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")
    return headers.get("sec-fetch-site") == "same-origin"


def _add_headers(message: Message) -> Message:
    if message["type"] == "http.response.start":
        present = {name for name, _ in message["headers"]}
        added = [(name.encode(), value.encode()) for name, value in _HEADERS.items() if name.encode() not in present]
        changed: MutableMapping[str, Any] = {**message, "headers": [*message["headers"], *added]}
        return changed
    return message


def _refuse(sentence: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return HTMLResponse(_REFUSAL.format(escape(sentence)), status, headers)


_HEAD: Final = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>flashcards</title>
<link rel="icon" href="{static_address("icon.svg")}" type="image/svg+xml">
<link rel="stylesheet" href="{static_address("style.css")}">
"""
_WELCOME: Final = f"""{_HEAD}<meta http-equiv="refresh" content="0;url={{0}}">
<body class="page"><main><p><a href="{{0}}">To the cards</a></p></main></body>
</html>
"""
_REFUSAL: Final = f'{_HEAD}<body class="page"><main><h1>flashcards</h1><p>{{0}}</p></main></body>\n</html>\n'
