"""Fetched sets: the cache, the hash, the download itself from a server on this machine, and the figures."""

import dataclasses
import functools
import gzip
import hashlib
import http.server
import socket
import threading

import numpy as np
import pytest

from diabolo import datasets
from diabolo.datasets import fetch as fetch_module
from diabolo.datasets.fetch import FASHION_MNIST, MNIST, Remote, cache_folder, fetch
from diabolo.errors import FileError, UnknownNameError

CONTENT = b"published bytes"
REMOTE = Remote("set", ("http://127.0.0.1:9/none/",), {"file.gz": hashlib.sha256(CONTENT).hexdigest()})


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A web server over a folder; gives the folder and its address."""
    monkeypatch.setenv("NO_PROXY", "*")
    folder = tmp_path / "upstream"
    folder.mkdir()
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache folder of its own."""
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path / "cache"


def test_the_cache_is_the_named_folder_or_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("DIABOLO_DATA")
    assert cache_folder().name == "diabolo"


def test_a_file_with_the_right_hash_needs_no_network(cache):
    (cache / "set").mkdir(parents=True)
    (cache / "set" / "file.gz").write_bytes(CONTENT)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        assert fetch(dataclasses.replace(REMOTE, urls=(url,)), "file.gz") == cache / "set" / "file.gz"
        with pytest.raises(BlockingIOError):  # nobody has called
            listening.accept()


def test_a_file_with_a_wrong_hash_is_named_and_left_alone(cache):
    (cache / "set").mkdir(parents=True)
    (cache / "set" / "file.gz").write_bytes(b"other")
    with pytest.raises(FileError, match=r"is not the published file.*delete it.*127.0.0.1:9/none/file.gz"):
        fetch(REMOTE, "file.gz")
    assert (cache / "set" / "file.gz").read_bytes() == b"other"


def test_no_network_says_what_from_where_and_where_to_put_it(cache):
    with pytest.raises(FileError, match=r"file.gz could not be downloaded .*no connection") as caught:
        fetch(REMOTE, "file.gz")
    assert f"put it by hand at {cache / 'set' / 'file.gz'} (from {REMOTE.urls[0]}file.gz" in str(caught.value)
    assert not (cache / "set" / "file.gz").exists()


def test_a_download_is_checked_and_kept(cache, server):
    folder, url = server
    (folder / "file.gz").write_bytes(CONTENT)
    remote = dataclasses.replace(REMOTE, urls=(*REMOTE.urls, url))
    path = fetch(remote, "file.gz")
    assert path.read_bytes() == CONTENT
    (folder / "file.gz").unlink()
    assert fetch(remote, "file.gz") == path


def test_a_download_with_another_hash_is_refused_and_not_kept(cache, server):
    folder, url = server
    (folder / "file.gz").write_bytes(b"<html>log in</html>")
    with pytest.raises(FileError, match="the file there is another one"):
        fetch(dataclasses.replace(REMOTE, urls=(url,)), "file.gz")
    assert not list((cache / "set").iterdir())


def test_a_missing_page_is_said(cache, server):
    with pytest.raises(FileError, match="404"):
        fetch(dataclasses.replace(REMOTE, urls=(server[1],)), "file.gz")


def test_a_cache_that_cannot_be_made_is_said(tmp_path, monkeypatch):
    (tmp_path / "occupied").write_text("a file")
    monkeypatch.setenv("DIABOLO_DATA", str(tmp_path / "occupied"))
    with pytest.raises(FileError):
        fetch(REMOTE, "file.gz")


def test_a_small_set_of_the_published_form(cache, monkeypatch):
    """The loader itself, on four files of its own."""
    contents = {
        "t10k-images-idx3-ubyte.gz": bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 102]),
        "t10k-labels-idx1-ubyte.gz": bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 3]),
    }
    (cache / "mnist").mkdir(parents=True)
    hashes = {}
    for name, content in contents.items():
        (cache / "mnist" / name).write_bytes(gzip.compress(content))
        hashes[name] = hashlib.sha256((cache / "mnist" / name).read_bytes()).hexdigest()
    monkeypatch.setattr(fetch_module, "MNIST", Remote("mnist", MNIST.urls, hashes))
    X, y = datasets.load_mnist("test")
    np.testing.assert_array_equal(X, np.array([[0, 1], [0.2, 0.4]], np.float32))
    assert (X.dtype, y.dtype, y.tolist()) == (np.float32, np.int64, [7, 3])


@pytest.mark.parametrize("loader", [datasets.load_mnist, datasets.load_fashion_mnist])
def test_an_unknown_split(loader):
    with pytest.raises(UnknownNameError, match="Known: test, train"):
        loader("valid")


@pytest.mark.parametrize("remote", [MNIST, FASHION_MNIST])
def test_every_file_has_a_hash_and_a_source(remote):
    assert len(remote.sha256) == 4
    assert len(remote.urls) >= 2
    assert all(len(digest) == 64 for digest in remote.sha256.values())
    assert all(url.endswith("/") for url in remote.urls)


MNIST_COUNTS = {
    "train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
    "test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
}


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "split", "counts", "mean", "std"),
    [
        ("mnist", "train", MNIST_COUNTS["train"], 0.1307, 0.3081),
        ("mnist", "test", MNIST_COUNTS["test"], None, None),
        ("fashion_mnist", "train", [6000] * 10, 0.2860, 0.3530),
        ("fashion_mnist", "test", [1000] * 10, None, None),
    ],
)
def test_the_published_counts_and_moments(data_dir, name, split, counts, mean, std):
    dataset = datasets.load(name, split=split)
    assert dataset.X.dtype == np.float32
    assert dataset.X.shape == (sum(counts), 784)
    assert dataset.image_shape == (1, 28, 28)
    assert (dataset.X.min(), dataset.X.max()) == (0, 1)
    np.testing.assert_array_equal(np.bincount(dataset.y), counts)
    if mean is not None:
        # The published figures have four digits.
        assert abs(dataset.X.mean(dtype=np.float64) - mean) < 5e-5
        assert abs(dataset.X.std(dtype=np.float64) - std) < 5e-5


@pytest.mark.data
def test_the_published_files_are_read_as_the_users_own(data_dir):
    dataset = datasets.read(f"{data_dir}/mnist/t10k-images-idx3-ubyte.gz")
    X, y = datasets.load_mnist("test")
    np.testing.assert_array_equal(dataset.X, X)
    np.testing.assert_array_equal(dataset.y, y)
    assert dataset.image_shape == (1, 28, 28)
