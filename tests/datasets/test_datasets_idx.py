"""The IDX reader: every type, plain and packed, and every way a file can be wrong."""

import contextlib
import functools
import gzip
import io
import math
import struct
import tracemalloc

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diabolo.datasets import read_idx
from diabolo.datasets.idx import IDX_TYPES
from diabolo.errors import FileError


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """One folder for all examples of a property: making a folder takes longer than the rest."""
    return tmp_path_factory.mktemp("scratch")


CODES = {np.dtype(kind): code for code, kind in IDX_TYPES.items()}


def encode(array):
    """An array as IDX bytes, after the description of the format."""
    head = struct.pack(">BBBB", 0, 0, CODES[array.dtype.newbyteorder(">")], array.ndim)
    return (
        head
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.astype(array.dtype.newbyteorder(">")).tobytes()
    )


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", IDX_TYPES.values())
def test_every_type_comes_back_in_native_order(tmp_path, kind, packed):
    array = (np.arange(24) * 7 - 3).astype(np.dtype(kind).newbyteorder("=")).reshape(2, 3, 4)
    path = tmp_path / ("a-idx3-ubyte" + ".gz" * packed)
    path.write_bytes(gzip.compress(encode(array)) if packed else encode(array))
    got = read_idx(path)
    np.testing.assert_array_equal(got, array)
    assert got.dtype == array.dtype
    assert got.flags.writeable


ARRAYS = hnp.arrays(
    st.sampled_from([np.dtype(kind) for kind in ("u1", "i1", "i2", "i4", "f4", "f8")]),
    hnp.array_shapes(min_dims=1, max_dims=5, max_side=4),
)


@given(array=ARRAYS)
@settings(deadline=None, max_examples=50)
def test_what_was_written_is_read(scratch, array):
    path = scratch / "a.idx"
    path.write_bytes(encode(array))
    np.testing.assert_array_equal(read_idx(path), array)


@given(array=ARRAYS, data=st.data())
@settings(deadline=None, max_examples=100)
def test_a_damaged_file_is_read_or_refused_in_one_sentence(scratch, array, data):
    packed = data.draw(st.booleans())
    content = bytearray(gzip.compress(encode(array)) if packed else encode(array))
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))] + data.draw(st.binary(max_size=3))
    path = scratch / ("a.idx" + ".gz" * packed)
    path.write_bytes(content)
    with contextlib.suppress(FileError):  # and no other kind
        read_idx(path)


@given(content=st.binary(max_size=64))
@settings(deadline=None, max_examples=100)
def test_any_bytes_are_read_or_refused(scratch, content):
    for name in ("a.idx", "a.idx.gz"):
        path = scratch / name
        path.write_bytes(content)
        with pytest.raises(FileError) if not _whole(content, name) else contextlib.nullcontext():
            read_idx(path)


def _whole(content, name):
    """Whether bytes are one whole IDX array, by the definition."""
    if name.endswith(".gz") or len(content) < 4 or content[:2] != b"\0\0":
        return False
    if content[2] not in IDX_TYPES or not 1 <= content[3] <= 8 or len(content) < 4 + 4 * content[3]:
        return False
    shape = struct.unpack(f">{content[3]}I", content[4 : 4 + 4 * content[3]])
    wanted = math.prod(shape) * np.dtype(IDX_TYPES[content[2]]).itemsize
    return wanted > 0 and len(content) == 4 + 4 * content[3] + wanted


# Without the time, which would otherwise get into the names of tests.
pack = functools.partial(gzip.compress, mtime=0)
GOOD = encode(np.arange(12, dtype=np.uint8).reshape(3, 4))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.idx", b"", "is empty"),
        ("a.idx", GOOD[:3], "inside its IDX header"),
        ("a.idx", GOOD[:9], "inside its IDX header"),
        ("a.idx", GOOD[:-1], "is cut off"),
        ("a.idx", GOOD + b"\0", "goes on after"),
        ("a.idx", b"\1" + GOOD[1:], "is not an IDX array: it begins with 01"),
        ("a.idx", GOOD[:2] + b"\7" + GOOD[3:], "is not an IDX array"),
        ("a.idx", GOOD[:3] + b"\0" + GOOD[4:], "is not an IDX array"),
        ("a.idx", GOOD[:3] + b"\x40" + GOOD[4:], "1 to 8 axes"),
        ("a.idx", b"\x89PNG\r\n", "a PNG image"),
        ("a.idx", bytes([0, 0, 14, 4]) + b"\xff" * 16, "header is wrong"),
        ("a.idx", bytes([0, 0, 8, 2, 0, 0, 0, 0, 255, 255, 255, 255]), "holds nothing"),
        ("a.idx", pack(GOOD), r"rename it to a\.idx\.gz"),
        ("a.idx.gz", GOOD, r"rename it to a\.idx"),
        ("a.idx.gz", pack(GOOD)[:-9], "cut off inside its gzip data"),
        ("a.idx.gz", pack(pack(GOOD)), "its content is gzip-compressed"),
        ("a.idx.gz", pack(GOOD[:-2]), "got 10"),
        ("a.idx.gz", pack(GOOD) + b"tail", "inside its gzip data"),
    ],
)
def test_each_fault_has_its_sentence(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileError, match=words) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(FileError, match="there is no file"):
        read_idx(tmp_path / "nothing.idx")
    with pytest.raises(FileError, match="is a folder"):
        read_idx(tmp_path)


def test_a_small_packed_file_that_states_a_large_array_allocates_nothing(tmp_path):
    """A gzip file of 50 bytes cannot hold a megabyte, whatever its header says."""
    header = struct.pack(">BBBBII", 0, 0, 8, 2, 1 << 10, 1 << 10)
    path = tmp_path / "a.idx.gz"
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as file:
        file.write(header)
    path.write_bytes(buffer.getvalue())
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match="header is wrong"):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 19
    finally:
        tracemalloc.stop()
