"""A folder of checkpoints: what a training has to know to go on, written so that a kill at any moment loses
seconds only.

A checkpoint is one safetensors file whose header holds a JSON text. It is named by a number and by the SHA-256
of all its bytes, and it is renamed into its place when it is whole; so what is read is what was written. Nothing
in it is code.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import warnings
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import torch

from ..errors import CheckpointWarning, FileError, in_words
from ..training.resume import ENDS, Checkpoint
from .atomic import PART, replacing
from .description import EPOCHS, anything, integer, listing, mapping, number, one_of, optional, record, text
from .lock import Lock

FORMAT = 1
KEPT = 2

# A checkpoint is due when so many seconds have passed, and when it costs less than three in a hundred of them.
_SECONDS, _SHARE = 5.0, 33
# The cost of the first save is not known yet; disks are seldom slower than this many bytes a second.
_BYTES_A_SECOND = 2e8
_NAME = re.compile(r"(\d{8})-([0-9a-f]{64})\.safetensors")
_KEY = "checkpoint"


#: Every field of the text of a checkpoint; its settings are compared with those of the training.
_METADATA = record(
    {
        "format": one_of(FORMAT),
        "n_threads": integer(1, 1024),
        "seed": integer(0, 2**32 - 1),
        "made_by": mapping(text),
        "settings": mapping(anything),
        "status": one_of("running", *ENDS),
        "epoch": integer(0),
        "step": integer(0),
        "looked": integer(0),
        "spent": number(low=0.0),
        "watch": optional(record({"best": number(finite=False), "epoch": integer(0), "waited": integer(0)})),
        "epochs": EPOCHS,
    },
    more={"trained": listing(text)},
)


def require_known(saved: Checkpoint, folder: object) -> None:
    """Refuse a checkpoint whose text says what none can say.

    Raises
    ------
    FileError
        Which field, what it holds, and what is allowed.
    """
    try:
        _METADATA(saved.metadata, "")
    except FileError as error:
        raise FileError(
            f"the checkpoint in {folder} was not written by a training: {error} Remove its folder to train from the "
            "start."
        ) from error


class Checkpoints:
    """The checkpoints of one training; a context in which its folder is locked.

    Parameters
    ----------
    folder : str or Path
        It is made where there is none. Other files in it are left alone.
    metadata : mapping of str to object
        What every checkpoint says beside what it is given.

    Raises
    ------
    FileError
        On entering, if the folder cannot be written or is in use.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Checkpoints(folder) as checkpoints:
    ...     for epoch in range(3):
    ...         _ = checkpoints.save({"row": torch.zeros(4)}, {"epoch": epoch})
    ...     newest(folder).metadata["epoch"], len(list(Path(folder).glob("*.safetensors")))
    (2, 2)
    """

    def __init__(self, folder: str | Path, metadata: Mapping[str, Any] | None = None) -> None:
        self.folder, self.metadata = Path(folder).absolute(), dict(metadata or {})
        self._stack = ExitStack()
        self._last, self._cost = time.perf_counter(), 0.0

    def __enter__(self) -> Checkpoints:
        self._lock()
        with suppress(OSError):
            for left in self.folder.glob(f".*{PART}"):
                left.unlink()
        self._last = time.perf_counter()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def _lock(self) -> None:
        self._stack.close()
        self.lock = self._stack.enter_context(Lock(self.folder))

    def expect(self, n_bytes: int) -> None:
        """Say how large a checkpoint will be, to guess what the first one costs."""
        self._cost = n_bytes / _BYTES_A_SECOND

    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return time.perf_counter() - self._last >= max(_SECONDS, _SHARE * self._cost)

    def save(self, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]) -> bool:
        """Write a checkpoint, and remove all but the last two; True if it is written.

        What prevents it is a warning, since training can go on: the last checkpoint is whole then.
        """
        start = time.perf_counter()
        try:
            if not self.lock.held:
                self._lock()  # someone removed the folder
            self._write(_as_bytes(tensors, {**self.metadata, **metadata}))
        except (OSError, FileError) as error:
            words = error.strerror or str(error) if isinstance(error, OSError) else str(error).rstrip(".")
            warnings.warn(
                f"no checkpoint could be written to {self.folder}: {words}. Training goes on; if it is stopped now, "
                f"it can go on from {'the last checkpoint' if _names(self.folder) else 'its start'} only.",
                CheckpointWarning,
                stacklevel=2,
            )
            return False
        finally:
            self._last = time.perf_counter()
            self._cost = self._last - start
        return True

    def clear(self) -> None:
        """Remove every checkpoint."""
        for path in _names(self.folder):
            with suppress(OSError):
                path.unlink()

    def _write(self, content: bytes) -> None:
        before = _names(self.folder)
        number = 1 + (int(before[-1].name[:8]) if before else 0)
        digest = hashlib.sha256(content).hexdigest()
        place = self.folder / f"{number:08d}-{digest}.safetensors"
        with replacing(place) as part, part.open("wb") as file:
            file.write(content)
        for path in before[: len(before) + 1 - KEPT]:
            path.unlink(missing_ok=True)


def newest(folder: str | Path, *, repair: bool = False) -> Checkpoint | None:
    """The newest whole checkpoint of a folder, None if there is none.

    A damaged one is passed over with a warning, and removed with ``repair``; the one before it takes its place.

    Raises
    ------
    FileError
        If there are checkpoints and all are damaged, or the newest is of a format that is not known.
    """
    names: list[Path] = []
    # A training that goes on, or ends, removes what was listed a moment ago: then there is another list.
    while (found := _names(Path(folder))) != names:
        names, damaged = found, []
        for path in reversed(names):
            try:
                saved = _read(path)
            except _DamagedError as error:
                warnings.warn(f"{error}; the checkpoint before it is used.", CheckpointWarning, stacklevel=2)
                damaged.append(path)
                continue
            except FileNotFoundError:
                continue
            except OSError as error:
                raise FileError(f"{path} cannot be read: {in_words(error)}.") from error
            if repair:
                for broken in damaged:
                    broken.unlink(missing_ok=True)
            return saved
    if names:
        raise FileError(
            f"every checkpoint in {folder} is damaged; remove the folder to train from the start."
        )
    return None


class _DamagedError(Exception):
    pass


def _names(folder: Path) -> list[Path]:
    """The checkpoints of a folder, oldest first."""
    try:
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except OSError:
        return []


def _as_bytes(tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, Any]) -> bytes:
    from safetensors.torch import save

    plain = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    return save(plain, metadata={_KEY: json.dumps({"format": FORMAT, **metadata})})


def _read(path: Path) -> Checkpoint:
    from safetensors import SafetensorError
    from safetensors.torch import load

    content = path.read_bytes()
    if path.name[9:73] != hashlib.sha256(content).hexdigest():
        raise _DamagedError(f"{path} is damaged (its SHA-256 is not that in its name)")
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        metadata = json.loads(header["__metadata__"][_KEY])
        tensors = {name: t.clone() for name, t in load(content).items()}
        number = metadata["format"]
        if not isinstance(metadata, dict):
            raise TypeError("its description is no JSON object")
    except (SafetensorError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise _DamagedError(f"{path} is no checkpoint ({error})") from error
    if number != FORMAT:
        raise FileError(
            f"{path} has the checkpoint format {number!r}; this version of diabolo knows format {FORMAT}. Go on with "
            "the version that wrote it, or remove the folder to train from the start."
        )
    return Checkpoint(tensors, metadata)
