"""The messages of the protocol: what is no message is refused, and nothing is unpacked beyond the limit."""

from __future__ import annotations

import json

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from flashcards.sync.wire import (
    BadRequest,
    ClientHeader,
    Refusal,
    VersionUnknown,
    pack,
    read_header,
    read_object,
    unpack,
)


def test_a_header_names_version_key_program_and_session() -> None:
    text = json.dumps({"v": 11, "k": "key", "c": "26.09,abc,linux", "s": "xyz"})
    assert read_header(text) == ClientHeader(11, "key", "26.09,abc,linux", "xyz")


@pytest.mark.parametrize("version", [7, 12, "11", None, True, 11.0])
def test_another_version_is_refused_by_501(version: object) -> None:
    with pytest.raises(VersionUnknown) as refused:
        read_header(json.dumps({"v": version, "k": "", "c": "", "s": ""}))
    assert refused.value.status == 501


@pytest.mark.parametrize("text", [None, "", "[]", "{", '{"v": 11, "k": 3}', '{"v": 11, "k": "' + "x" * 5000 + '"}'])
def test_what_is_not_a_header_is_refused_by_400(text: str | None) -> None:
    with pytest.raises(BadRequest) as refused:
        read_header(text)
    assert refused.value.status == 400


@given(st.binary(max_size=2000))
def test_a_packed_body_is_unpacked_as_it_was(data: bytes) -> None:
    assert unpack(pack(data)) == data


@given(st.binary(max_size=200))
def test_anything_else_is_refused_and_nothing_else_happens(data: bytes) -> None:
    for read in (unpack, read_object):
        try:
            read(data)
        except Refusal as refused:
            assert refused.status == 400


def test_a_body_that_unpacks_to_more_than_the_limit_is_refused() -> None:
    bomb = zstd.compress(bytes(5_000_000))
    assert len(bomb) < 1000
    with pytest.raises(BadRequest, match="more than 1,000,000"):
        unpack(bomb, 1_000_000)


def test_a_body_that_is_cut_short_or_continues_is_refused() -> None:
    packed = pack(b"hello" * 100)
    for wrong in (packed[:-3], packed + packed):
        with pytest.raises(BadRequest):
            unpack(wrong)
