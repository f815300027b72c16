"""Small text files that people and programs write, read without trust: JSON and YAML, within bounds."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from ..errors import DiaboloError, FileError, SettingError, in_words

_MAX_BYTES = 64 << 20
# A mapping or list that is written once and named again counts as often as it is named.
_MAX_VALUES = 100_000


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Around what reads a file: no pipe is waited for, and what the system refuses becomes a sentence.

    Raises
    ------
    FileError
        If the file is missing, a folder, a pipe or a device, a link that leads to itself, or may not be read.
    """
    try:
        # What is not there is said by whoever opens it.
        mode = path.stat().st_mode if path.exists() or path.is_symlink() else 0
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode):
            kind = "a device" if stat.S_ISCHR(mode) else "a named pipe" if stat.S_ISFIFO(mode) else "a socket"
            raise FileError(
                f"{path} is {kind}, which can be read only once; write it to a file, and give that."
            )
        yield
    except FileNotFoundError:
        if path.is_symlink():
            raise FileError(
                f"{path} is a link to {os.readlink(path)!r}, which is not there; check it."
            ) from None
        raise FileError(f"there is no file {str(path)!r}; check the path.") from None
    except IsADirectoryError:
        raise FileError(f"{path} is a folder, expected a file.") from None
    except PermissionError:
        raise FileError(f"{path} may not be read (permission denied); change its permissions.") from None
    except MemoryError:
        raise FileError(f"{path} needs more memory than there is; read a part of it.") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileError(
                f"{path} is a link that leads back to itself; give the file that was meant."
            ) from None
        raise FileError(f"{path} could not be read: {error.strerror or error}.") from None


@contextmanager
def as_file_error(sentence: str, *faults: type[BaseException]) -> Iterator[None]:
    """Raise a FileError of a sentence and what went wrong, for errors of the system or for those that are named.

    Parameters
    ----------
    sentence : str
        Which file, and what it is not or what could not be done with it; a colon follows.
    *faults : type
        What a library raises that reads or writes the file; unless given, ``OSError``.
    """
    caught = faults or (OSError,)
    try:
        yield
    except DiaboloError:
        raise
    except caught as error:
        raise FileError(f"{sentence}: {in_words(error)}.") from error


def read_text(path: Path, what: str = "a text") -> str:
    """The text of a small file, in UTF-8.

    Parameters
    ----------
    path : Path
    what : str
        What was expected, for messages.

    Raises
    ------
    FileError
        As :func:`readable` does; and if it is larger than 64 MB, not UTF-8, or holds zero bytes.
    """
    with readable(path):
        if path.stat().st_size > _MAX_BYTES:
            raise FileError(f"{path} is larger than {_MAX_BYTES >> 20} MB; it is not {what}.")
        content = path.read_bytes()
    if b"\0" in content:
        zeros = "nothing but zero bytes" if not content.strip(b"\0") else "zero bytes"
        raise FileError(f"{path} is damaged: it holds {zeros}, as a file that was not written to its end.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(
            f"{path} is damaged, or {what} in another encoding: byte {error.start} is not UTF-8; save it as UTF-8."
        ) from None


def read_yaml(path: Path, what: str = "a configuration") -> Any:
    """What a YAML file holds, as plain values.

    Raises
    ------
    FileError
        As :func:`read_text` does, and if it is no YAML.

    See Also
    --------
    parse_yaml
    """
    try:
        return parse_yaml(read_text(path, what), str(path))
    except SettingError as error:
        raise FileError(str(error)) from None


class _Loader(yaml.SafeLoader):
    """YAML as people write it: 1e-3 is a number (YAML 1.1 wants 1.0e-3) and None is nothing."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^None$"), ["N"])


def parse_yaml(text: str, what: str) -> Any:
    """The plain values of a YAML text.

    Parameters
    ----------
    text : str
    what : str
        What it is called in messages.

    Raises
    ------
    SettingError
        If it is no YAML, or its aliases (``*name``) contain themselves or stand for more than 100,000 values.

    Examples
    --------
    >>> parse_yaml("lr: 1e-3", "the settings")
    {'lr': 0.001}
    >>> parse_yaml("a: &a [*a]", "the settings")
    Traceback (most recent call last):
    diabolo.errors.SettingError: the settings: the alias in line 1 contains itself; write the value out.
    """
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            if _values(node, {}, what) > _MAX_VALUES:
                raise SettingError(
                    f"{what}: its aliases stand for more than {_MAX_VALUES:,} values; write out those that are meant."
                )
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, SettingError):
            raise
        words = "it is nested too deeply" if isinstance(error, RecursionError) else in_words(error, 1000)
        raise SettingError(f"{what} is no YAML: {words}") from None


def _values(node: yaml.Node, known: dict[Hashable, int], what: str) -> int:
    """How many values a node stands for, what aliases name counted each time."""
    if not isinstance(node, yaml.CollectionNode):
        return 1
    if known.setdefault(node, 0) == 0:
        # While its own values are counted it is marked.
        known[node] = -1
        inside = [n for item in node.value for n in (item if isinstance(item, tuple) else (item,))]
        known[node] = 1 + sum(_values(n, known, what) for n in inside)
    elif known[node] < 0:
        line = node.start_mark.line + 1
        raise SettingError(f"{what}: the alias in line {line} contains itself; write the value out.")
    return known[node]
