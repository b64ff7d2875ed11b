"""`python -m benchmarks.programs.counting_server COLLECTION`: the sync server, which counts its requests.

Prints its address once it is ready for clients. `GET /figures` answers, as JSON, how many requests came since it was
last asked, and the seconds of processor time since then.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from flashcards.sync.account import Account
from flashcards.sync.server import SyncHost, listen, run

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

USER, PASSWORD = "me", "secret-word"


class Counting:
    """An application that counts the requests to another one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._requests = 0
        self._cpu = time.process_time()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["path"] != "/figures":
            self._requests += 1
            await self._app(scope, receive, send)
            return
        cpu = time.process_time()
        body = json.dumps([self._requests, cpu - self._cpu]).encode()
        self._requests, self._cpu = 0, cpu
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": body})


def main(root: Path) -> None:
    """Serve until killed."""
    host = SyncHost(
        root, Account.create(USER, PASSWORD), lambda _report: None, lambda text: print(text, file=sys.stderr)
    )
    server = host.build_server()
    server.config.app = Counting(server.config.app)  # type: ignore[arg-type]
    listener = listen("127.0.0.1", 0)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
    run(server, listener)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
