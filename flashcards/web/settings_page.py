"""The page of a device's settings, and the list of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse, Response

if TYPE_CHECKING:
    from flashcards.web.site import Site, Visit

_CHOICES: Final = (
    ("sound", "on", "Play sound and video by themselves when a side names them, and read aloud what has `say:`"),
    ("voice", "off", "Read cards aloud by a voice of this device where no sound is named"),
)
_KEPT: Final = 400 * 86_400  # seconds, the longest that browsers keep a cookie
_READ_ALOUD: Final = ("v", "read the side aloud by a voice of this device")


def show_settings(site: Site, visit: Visit) -> Response:
    """Show what can be chosen, and the keys."""
    keys = [(key, text.replace("`", "")) for key, text in (*site.keys.explanations(), _READ_ALOUD)]
    saved = visit.query.get("notice") == "saved"
    return site.show(visit, "settings.html", choices=_CHOICES, explanations=keys, saved=saved)


def keep_settings(_site: Site, visit: Visit) -> Response:
    """Keep what was chosen in the browser."""
    answer = RedirectResponse("/settings?notice=saved", 303)
    for name, _, _ in _CHOICES:
        value = "on" if visit.field(name) else "off"
        answer.set_cookie(f"flashcards-{name}", value, max_age=_KEPT, httponly=True, samesite="strict")
    return answer


PAGES: Final = (("/settings", show_settings, ["GET"]), ("/settings", keep_settings, ["POST"]))
