"""Messages: what is packed comes back, and what is damaged is refused with a sentence."""

from __future__ import annotations

import contextlib
import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from diabolo.errors import DataError
from diabolo.explorer.protocol import MAX_BYTES, pack, unpack

ARRAYS = hnp.arrays(
    st.sampled_from([np.dtype("<f4"), np.dtype("u1"), np.dtype("<i4")]),
    hnp.array_shapes(min_dims=0, max_dims=4, max_side=5, min_side=0),
)


@given(arrays=st.dictionaries(st.text(max_size=8), ARRAYS, max_size=4), number=st.integers(-(2**50), 2**50))
@settings(max_examples=60, deadline=None)
def test_what_is_packed_comes_back_to_the_bit(arrays: dict[str, np.ndarray], number: int) -> None:
    header, found = unpack(pack({"id": number}, arrays))
    assert header == {"id": number}
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused_with_a_data_error(content: bytes) -> None:
    with contextlib.suppress(DataError):
        unpack(content)


def frame(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<I", len(text)) + text + body


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"", "at least 4"),
        (struct.pack("<I", 999) + b"{}", "cut off"),
        (frame(b"\xff\xfe"), "no JSON"),
        (frame(b"[" * 100_000), "no JSON"),
        (frame([1]), "JSON object"),
        (frame(b'{"x": NaN}'), "no JSON"),
        (frame({"arrays": [["z", "f8", [1]]]}), "kind"),
        (frame({"arrays": [["z", "f4", [-1]]]}), "whole numbers"),
        (frame({"arrays": [["z", "f4", [True]]]}), "whole numbers"),
        (frame({"arrays": [["z", "f4", [9, 9, 9, 9, 9]]]}), "at most four"),
        (frame({"arrays": [["z", "f4", [10**6, 10**6, 10**6]]]}), "longer than the message"),
        (frame({"arrays": [["z", "f4", [4]]]}, b"12"), "longer than the message"),
        (frame({}, b"spare"), "belong to no array"),
        (b"\0" * (MAX_BYTES + 1), "at most"),
    ],
)
def test_damaged_messages_are_named(message: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        unpack(message)
