"""Pictures in an archive: .zip, .tar, .tar.gz. Members are unpacked one by one, and no path of theirs is believed."""

from __future__ import annotations

import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO

from ..errors import FileError, few
from ..storage.text import as_file_error, readable
from .columns import Choice
from .dataset import Dataset
from .files import MAX_BYTES, expect_file
from .formats import IMAGE_SUFFIXES
from .images import read_folder

_MAX_MEMBERS = 2_000_000
# Of one picture: more cannot hold pixels that are read.
_MAX_PICTURE = 1 << 30
_FAULTS = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError,
)  # fmt: skip
Member = tuple[PurePosixPath, IO[bytes]]


def read_archive(path: Path, choice: Choice) -> Dataset:
    """Read the pictures of an archive as those of the folder that it was made from; a folder around all is no label."""
    head = expect_file(path, "an archive of pictures", [])
    with tempfile.TemporaryDirectory(prefix="diabolo-") as made, readable(path):
        folder = Path(made, "pictures")
        folder.mkdir()
        opened = _zipped if head.startswith(b"PK") else _tarred
        with as_file_error(f"{path} is not a whole archive", *_FAULTS), opened(path) as members:
            _unpack(members, folder, path)
        top = list(folder.iterdir())
        if not top:
            raise FileError(f"{path} holds no pictures ({', '.join(IMAGE_SUFFIXES)}).")
        root = top[0] if len(top) == 1 and top[0].is_dir() and choice.depth is None else folder
        try:
            dataset = read_folder(root, choice.resize, choice.depth)
        except FileError as error:
            raise FileError(
                str(error).replace(f"{root}/", f"{path}: ").replace(str(root), str(path))
            ) from None
        return replace(dataset, name=path.name.split(".")[0] or "images", source=str(path))


@contextmanager
def _zipped(path: Path) -> Iterator[Iterator[Member]]:
    with zipfile.ZipFile(path) as archive:
        if len(archive.filelist) > _MAX_MEMBERS:
            raise FileError(
                f"{path} states {len(archive.filelist)} members, at most {_MAX_MEMBERS} are read."
            )
        infos = (info for info in archive.infolist() if not info.is_dir() and _is_picture(info.filename))
        yield ((_safe(info.filename, path), archive.open(info)) for info in infos)


@contextmanager
def _tarred(path: Path) -> Iterator[Iterator[Member]]:
    with tarfile.open(path, "r:*") as archive:
        yield _members_of(archive, path)


def _members_of(archive: tarfile.TarFile, path: Path) -> Iterator[Member]:
    for info in archive:
        if not _is_picture(info.name) or info.isdir():
            continue
        name = _safe(info.name, path)
        opened = archive.extractfile(info) if info.isfile() else None
        if opened is None:
            raise FileError(
                f"{path}: {info.name!r} is a link or a device, which is not followed; pack the picture."
            )
        yield name, opened


def _is_picture(name: str) -> bool:
    place = PurePosixPath(name)
    return place.suffix.lower() in IMAGE_SUFFIXES and not any(
        part[:1] in "._" for part in place.parts if part != ".."
    )


def _safe(name: str, path: Path) -> PurePosixPath:
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts or "\\" in name or "\0" in name or ":" in place.parts[0]:
        raise FileError(
            f"{path}: the member {name!r} leaves the folder of the archive, which no picture does."
        )
    return place


def _unpack(members: Iterator[Member], folder: Path, path: Path) -> None:
    total = 0
    for number, (name, member) in enumerate(members):
        target = folder / name
        if number >= _MAX_MEMBERS:
            raise FileError(f"{path} holds more than {_MAX_MEMBERS} pictures.")
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            raise FileError(f"{path} holds {few([repr(str(name))])} twice; pack it again.")
        with member, target.open("wb") as file:
            size = 0
            while block := member.read(1 << 20):
                size += len(block)
                total += len(block)
                if size > _MAX_PICTURE or total > MAX_BYTES:
                    raise FileError(f"{path}: {name} unpacks to more than a picture can be; it is not read.")
                file.write(block)
