"""Serves from a thread, and stops at once."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import uvicorn


class _QuickLoop(asyncio.SelectorEventLoop):
    """An event loop with short pauses: ten times a second is how often uvicorn looks whether it is to stop."""

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any, **options: Any) -> asyncio.TimerHandle:
        return super().call_later(0.01 if delay == 0.1 else delay, callback, *args, **options)


class ServerThread(threading.Thread):
    """A thread that serves on a listening socket from its construction on."""

    def __init__(self, server: uvicorn.Server, listener: socket.socket) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._listener = listener
        self.start()

    def run(self) -> None:
        with asyncio.Runner(loop_factory=_QuickLoop) as runner:
            runner.run(self._server.serve(sockets=[self._listener]))

    def stop(self) -> None:
        while not self._server.started:
            time.sleep(0.005)
        self._server.should_exit = True
        self.join(30)
        self._listener.close()
