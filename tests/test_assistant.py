"""`flashcards mcp`, over standard input and output, by the library's own client."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from flashcards.cli import run

mcp = pytest.importorskip("mcp")
types = pytest.importorskip("mcp_types")

MODES = ["auto", "legacy"]
"""The present protocol, in which a call is repeated with the answers, and the one before."""
Ask = Callable[[Any, Any], Awaitable[Any]]
Steps = Callable[[Any], Coroutine[Any, Any, None]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.md").write_text("Q: What is the capital of France?\nA: Paris\n\nQ: broken\n", "utf-8")
    return tmp_path


def talk(
    folder: Path, steps: Callable[[Any], Coroutine[Any, Any, None]], mode: str = "auto", ask: Ask | None = None
) -> None:
    """Start `flashcards mcp`, and let a client take some steps."""
    server = mcp.StdioServerParameters(command=sys.executable, args=["-m", "flashcards", "-C", str(folder), "mcp"])

    async def run() -> None:
        async with mcp.Client(server, mode=mode, elicitation_callback=ask) as client:
            await steps(client)

    asyncio.run(asyncio.wait_for(run(), 120))


async def call(client: Any, name: str, **arguments: object) -> dict[str, Any]:
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    found: dict[str, Any] = json.loads(result.content[0].text)
    return found


def answer_with(action: str, asked: list[str], content: dict[str, bool] | None = None) -> Ask:
    async def ask(_context: Any, params: Any) -> Any:
        asked.append(params.message)
        return types.ElicitResult(action=action, content=content)

    return ask


def test_the_tools_read_the_collection_and_write_nothing(folder: Path) -> None:
    async def steps(client: Any) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert sorted(tools) == ["add", "answer", "check", "due", "list", "show"]
        assert "consent" not in tools["add"].input_schema["properties"]
        listed = await call(client, "list", query="capital")
        assert listed["total"] == 1
        card = listed["cards"][0]
        assert (await call(client, "show", card=card["id"]))["back"] == "Paris"
        assert (await call(client, "due"))["total"] == {"new": 1, "learning": 0, "review": 0}
        problems = (await call(client, "check"))["problems"]
        assert [(each["file"], each["line"]) for each in problems] == [("a.md", 4)]
        assert (await call(client, "check", path="other", advice=True)) == {"problems": [], "advice": []}
        text = (await client.read_resource("flashcards://format")).contents[0].text
        assert "Good cards" in text

    talk(folder, steps)
    assert sorted(path.name for path in folder.iterdir()) == ["a.md"]


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_a_client_that_can_ask_the_person_asks_before_it_writes(folder: Path, mode: str) -> None:
    asked: list[str] = []

    async def steps(client: Any) -> None:
        added = await call(client, "add", deck="b", text="Q: New?\nA: Yes, new.")
        assert (added["written"], added["file"]) == (True, "b.md")
        rated = await call(client, "answer", card=added["cards"][0]["id"], rating="good")
        assert rated["card"]["reps"] == 1

    talk(folder, steps, mode, answer_with("accept", asked, {"agree": True}))
    assert (folder / "b.md").read_text("utf-8") == "Q: New?\nA: Yes, new.\n"
    assert [message.partition("\n")[0] for message in asked] == ["Add this to b.md?", "Rate this card as good?"]


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_written_if_the_person_does_not_agree(folder: Path, mode: str) -> None:
    async def steps(client: Any) -> None:
        for name, arguments in (
            ("add", {"deck": "b", "text": "Q: x\nA: y"}),
            ("answer", {"card": "a.md:1", "rating": "good"}),
        ):
            refused = await call(client, name, **arguments, confirm="12345678")
            assert refused["written"] is False

    talk(folder, steps, mode, answer_with("decline", []))
    talk(folder, steps, mode, answer_with("accept", [], {"agree": False}))
    assert sorted(path.name for path in folder.iterdir()) == ["a.md"]


def test_a_client_that_cannot_ask_repeats_the_call_with_a_code(folder: Path) -> None:
    async def steps(client: Any) -> None:
        arguments = {"deck": "b", "text": "Q: New?\nA: Yes, new."}
        first = await call(client, "add", **arguments)
        assert (first["written"], "Q: New?" in first["plan"]) == (False, True)
        assert not (await call(client, "add", **arguments, confirm="0000"))["written"]
        assert not (await call(client, "add", deck="b", text="Q: Other?\nA: z", confirm=first["confirm"]))["written"]
        assert not (folder / "b.md").exists()
        assert (await call(client, "add", **arguments, confirm=first["confirm"]))["written"]
        code = (await call(client, "answer", card="a.md:1", rating="hard"))["confirm"]
        rated = await call(client, "answer", card="a.md:1", rating="hard", confirm=code)
        assert rated["card"]["reps"] == 1
        assert not (await call(client, "answer", card="a.md:1", rating="hard", confirm=code))["written"]

    talk(folder, steps)


def test_what_cannot_be_done_is_reported_in_a_sentence(folder: Path) -> None:
    async def steps(client: Any) -> None:
        for name, arguments, said in (
            ("show", {"card": "zzzzzzz"}, "zzzzzzz"),
            ("list", {"query": "is:nothing"}, "is:nothing"),
            ("add", {"deck": "a", "text": "no note"}, "contains no note"),
            ("add", {"deck": "a", "text": "Q: What is the capital of France?\nA: Paris"}, "a.md:1"),
            ("answer", {"card": "zzzzzzz", "rating": "good"}, "zzzzzzz"),
        ):
            result = await client.call_tool(name, arguments)
            assert result.is_error
            assert said in result.content[0].text
            assert "Traceback" not in result.content[0].text

    talk(folder, steps)


def test_what_the_library_reports_is_one_line_without_control_characters(folder: Path) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    asked = [
        {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": {"name": "no\x1b]0;x\x07\nsuch"}},
    ]
    words = [sys.executable, "-m", "flashcards", "-C", str(folder), "mcp"]
    with subprocess.Popen(words, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True, encoding="utf-8") as server:
        assert server.stdin
        assert server.stdout
        server.stdin.write("".join(f"{json.dumps(each)}\n" for each in asked))
        server.stdin.flush()
        assert [json.loads(server.stdout.readline())["id"] for _ in range(2)] == [0, 1]
        _, told = server.communicate()  # closes the input, so the server ends
    assert "no\ufffd]0;x\ufffd\ufffdsuch" in told
    assert len(told.splitlines()) == 1


def test_a_missing_library_is_reported_with_the_command_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert run(["mcp"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "flashcards-md[mcp]" in told.err
    assert told.err.count("\n") == 1


def test_no_control_character_reaches_the_client_or_the_person(folder: Path) -> None:
    (folder / "b.md").write_text("# h\x1b[1m\n\nQ: q\x1b]52;c;aGk=\x07\u202e\nA: a\n\nQ: open\x9b\n", "utf-8")
    asked: list[str] = []

    async def steps(client: Any) -> None:
        words = {"deck": "n", "text": "Q: is \u202e\x1b]0;x\x07?\nA: b"}
        calls: list[tuple[str, dict[str, Any]]] = [
            ("list", {}),
            ("check", {}),
            ("show", {"card": "b.md:3"}),
            ("add", words),
        ]
        calls += [("show", {"card": "\x1b[2J\u202e"}), ("add", {"deck": "x" * 300, "text": "Q: z\nA: b"})]
        for name, arguments in calls:
            text = (await client.call_tool(name, arguments)).content[0].text
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]|\\\\u001b|u202e", text), text
        assert "File name too long" in text

    talk(folder, steps, ask=answer_with("accept", asked, {"agree": True}))
    assert asked
    assert not re.search("[\x1b\x07\u202e]", "".join(asked))
