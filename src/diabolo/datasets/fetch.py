"""MNIST and Fashion-MNIST, fetched once through pooch and checked by their SHA-256.

The cache is the folder that the environment variable ``DIABOLO_DATA`` names, else the user's cache
folder. A file that lies there with the right hash is used as it is, with no network.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FileError, UnknownNameError
from ..storage.text import readable
from .idx import read_idx

_TRAIN_X, _TRAIN_Y = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
_TEST_X, _TEST_Y = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
_SPLITS = {"train": (_TRAIN_X, _TRAIN_Y), "test": (_TEST_X, _TEST_Y)}


@dataclass(frozen=True)
class Remote:
    """Published files: the folder they are kept in, where they come from, and their SHA-256."""

    folder: str
    urls: tuple[str, ...]
    sha256: dict[str, str]


MNIST = Remote(
    "mnist",
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    {
        _TRAIN_X: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        _TRAIN_Y: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        _TEST_X: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        _TEST_Y: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
)
FASHION_MNIST = Remote(
    "fashion-mnist",
    (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    {
        _TRAIN_X: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        _TRAIN_Y: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        _TEST_X: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        _TEST_Y: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
)


def cache_folder() -> Path:
    """The folder of fetched files: ``DIABOLO_DATA``, else the user's cache folder."""
    named = os.environ.get("DIABOLO_DATA", "").strip()
    if named:
        return Path(named).expanduser()
    import pooch

    return Path(pooch.os_cache("diabolo"))


def fetch(remote: Remote, name: str) -> Path:
    """The path of a published file, which is downloaded if it is not in the cache.

    Raises
    ------
    FileError
        If the file in the cache has another hash, or no source gives the right one.
    """
    folder = cache_folder() / remote.folder
    path = folder / name
    by_hand = f"put it by hand at {path} (from {' or '.join(url + name for url in remote.urls)})"
    with readable(path):
        if path.exists():
            if _sha256(path) != remote.sha256[name]:
                raise FileError(
                    f"{path} is not the published file (its SHA-256 differs); delete it and try again, "
                    f"or {by_hand}."
                )
            return path
    reasons = []
    for url in remote.urls:
        try:
            return _download(remote, name, folder, url)
        # A file of another hash is a ValueError of pooch's; all network errors are an OSError.
        except (OSError, ValueError) as error:
            reasons.append(f"{url}: {_reason(error)}")
    raise FileError(f"{name} could not be downloaded ({'; '.join(reasons)}); {by_hand}.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(remote: Remote, name: str, folder: Path, url: str) -> Path:
    import pooch

    store = pooch.create(
        path=folder,
        base_url=url,
        registry={name: f"sha256:{remote.sha256[name]}"},
    )
    return Path(store.fetch(name, downloader=pooch.HTTPDownloader(timeout=20)))


def _reason(error: Exception) -> str:
    """An error of the network in a few words; its own text is a page."""
    kind = type(error).__name__
    words = {
        "ConnectionError": "no connection",
        "ConnectTimeout": "no answer",
        "ReadTimeout": "no answer",
        "HTTPError": " ".join(str(error).split())[:40],
        "PermissionError": "the folder may not be written to",
        "ValueError": "the file there is another one (its SHA-256 differs)",
    }
    return words.get(kind, f"{kind}: {' '.join(str(error).split())[:80]}")


def _load(remote: Remote, split: str) -> tuple[NDArray[Any], NDArray[Any]]:
    if split not in _SPLITS:
        raise UnknownNameError("split", split, _SPLITS)
    images, labels = (read_idx(fetch(remote, name)) for name in _SPLITS[split])
    X = images.reshape(len(images), -1).astype(np.float32)
    X /= np.float32(255)
    return X, labels.astype(np.int64)


def load_mnist(split: str = "train") -> tuple[NDArray[Any], NDArray[Any]]:
    """Load the MNIST handwritten digits.

    Parameters
    ----------
    split : {"train", "test"}
        60000 or 10000 images.

    Returns
    -------
    X : ndarray of shape (n, 784), float32
        Grey images of 28 x 28 pixels in [0, 1].
    y : ndarray of shape (n,), int64
        The digit, 0 to 9.

    Raises
    ------
    FileError
        If the files are neither in the cache nor to be had from the network.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 1998, doi:10.1109/5.726791.

    Examples
    --------
    >>> load_mnist("validation")
    Traceback (most recent call last):
    ...
    diabolo.errors.UnknownNameError: unknown split 'validation'. Known: test, train.
    """
    return _load(MNIST, split)


def load_fashion_mnist(split: str = "train") -> tuple[NDArray[Any], NDArray[Any]]:
    """Load the Fashion-MNIST pictures of clothing.

    Parameters
    ----------
    split : {"train", "test"}
        60000 or 10000 images.

    Returns
    -------
    X : ndarray of shape (n, 784), float32
        Grey images of 28 x 28 pixels in [0, 1].
    y : ndarray of shape (n,), int64
        The class, 0 to 9; ``datasets.DATASETS["fashion_mnist"].label_names`` says which.

    Raises
    ------
    FileError
        If the files are neither in the cache nor to be had from the network.

    References
    ----------
    H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
    Learning Algorithms", 2017, arXiv:1708.07747.

    Examples
    --------
    >>> load_fashion_mnist("tset")
    Traceback (most recent call last):
    ...
    diabolo.errors.UnknownNameError: unknown split 'tset'. Did you mean 'test'? Known: test, train.
    """
    return _load(FASHION_MNIST, split)
