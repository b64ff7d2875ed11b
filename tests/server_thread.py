"""A server in a thread, which stops at once."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from contextvars import Context
from typing import TypeVarTuple

import uvicorn

_Args = TypeVarTuple("_Args")


class _QuickLoop(asyncio.SelectorEventLoop):
    """An event loop with short pauses, because uvicorn checks only ten times a second whether to stop."""

    def call_at(
        self, when: float, callback: Callable[[*_Args], object], *args: *_Args, context: Context | None = None
    ) -> asyncio.TimerHandle:
        soon = self.time() + 0.01
        return super().call_at(soon if soon < when < soon + 0.1 else when, callback, *args, context=context)


class ServerThread(threading.Thread):
    """A thread that serves on a listening socket as soon as it is created."""

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
