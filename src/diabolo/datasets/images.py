"""Pictures of the user's own: a folder of images, or a single one, as flat rows in [0, 1].

Pictures are opened twice: first their headers alone, so that sizes and kinds are compared, and the
memory is known, before a pixel is decoded. Pillow is imported inside the functions.
"""

from __future__ import annotations

import os
import re
import struct
import warnings
import zlib
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, FileError, SettingError, few, in_words
from ..storage.text import readable
from .columns import Choice
from .dataset import Dataset
from .files import MAX_BYTES, expect_file
from .formats import IMAGE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_PIXELS = 100_000_000
_GREY, _SIXTEEN = ("1", "L", "LA", "La"), ("I;16", "I;16L", "I;16B", "I;16N")
_COLOUR = ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")
# What decoders let out on a damaged file.
_FAULTS = (
    OSError, SyntaxError, ValueError, TypeError, EOFError, IndexError, KeyError, struct.error, zlib.error,
    OverflowError, AttributeError, NotImplementedError, MemoryError,
)  # fmt: skip


@dataclass(frozen=True)
class _Header:
    path: Path
    size: tuple[int, int]
    colour: bool

    @property
    def words(self) -> str:
        return f"{self.size[0]}x{self.size[1]}"


def parse_size(resize: Sequence[int] | int | str | None) -> tuple[int, int] | None:
    """A height and a width out of ``(h, w)``, one number for a square, or the text ``"28x32"``.

    Raises
    ------
    SettingError
        If it is none of these, or not positive.
    """
    if resize is None:
        return None
    given: Any = resize
    if isinstance(given, str):
        found = re.fullmatch(r"\s*(\d{1,6})\s*(?:[x,×]\s*(\d{1,6}))?\s*", given)
        given = [int(part) for part in found.groups() if part] if found else []
    sides = [given] if isinstance(given, int | np.integer) else list(given)
    sides = sides * 2 if len(sides) == 1 else sides
    if len(sides) != 2 or any(isinstance(s, bool) or not isinstance(s, int | np.integer) for s in sides):
        raise SettingError(f"--resize takes a height and a width such as 28x28, got {resize!r}.")
    if min(sides) < 1 or sides[0] * sides[1] > _MAX_PIXELS:
        raise SettingError(f"--resize takes positive sides of at most {_MAX_PIXELS} pixels, got {resize!r}.")
    return int(sides[0]), int(sides[1])


def parse_shape(shape: Sequence[int] | str | None) -> tuple[int, int, int] | None:
    """The picture that a row is, (C, H, W), out of two or three numbers, or of a text such as ``"28x28"``.

    Raises
    ------
    SettingError
        If it is none of these, or not positive.
    """
    if shape is None:
        return None
    given: Any = re.split(r"\s*[x,×]\s*", shape.strip()) if isinstance(shape, str) else list(shape)
    numbers = [int(part) for part in given if re.fullmatch(r"\d{1,6}", str(part)) and int(part) > 0]
    if len(numbers) != len(given) or len(numbers) not in (2, 3):
        raise SettingError(
            f"--image-shape takes a height and a width such as 28x28, or channels first such as 3x32x32, got {shape!r}."
        )
    channels, height, width = (1, *numbers) if len(numbers) == 2 else numbers
    return channels, height, width


def read_pictures(path: Path, choice: Choice) -> Dataset:
    """Read one picture as a single row, or those of a folder."""
    with readable(path):
        if path.is_dir():
            return read_folder(path, choice.resize, choice.depth)
    X, shape = _read_all([path], path, choice.resize)
    return Dataset(
        X, ids=np.array([path.name]), image_shape=shape, name=path.stem, source=str(path), id_name="file"
    )


def read_folder(path: Path, resize: tuple[int, int] | None = None, depth: int | None = None) -> Dataset:
    """Read the pictures of a folder, and of folders in it; these are labels.

    Files that are no pictures by their suffix, and hidden files, are passed over. A row is grey if all
    pictures are, and otherwise has three channels; transparency is laid on white.
    """
    inside = find_pictures(path, depth)
    files = [file for found in inside.values() for file in found]
    inside.pop("", None)
    X, shape = _read_all(files, path, resize)
    labels = np.repeat(np.arange(len(inside)), [len(found) for found in inside.values()]) if inside else None
    return Dataset(
        X=X,
        y=None if labels is None else labels.astype(np.int64),
        ids=np.array([file.relative_to(path).as_posix() for file in files]),
        image_shape=shape,
        name=path.resolve().name or "images",
        source=str(path),
        label_names=tuple(inside) or None,
        id_name="file",
        label_name="folder" if inside else None,
    )


def find_pictures(path: Path, depth: int | None = None) -> dict[str, list[Path]]:
    """The pictures of a folder by the folder in it that is their label, or all under "" where they are in none.

    Parameters
    ----------
    path : Path
    depth : int or None, default None
        Which folder on the way to a picture is its label, from 1; None: the last.

    Raises
    ------
    FileError
        If there is none, or some are in sub-folders and some are not.
    """
    with readable(path):
        found = _pictures(path)
    direct = [file for file in found if file.parent == path]
    inside: dict[str, list[Path]] = {}
    for file in found:
        on_the_way = file.relative_to(path).parts[:-1]
        if on_the_way and depth is not None and len(on_the_way) < depth:
            raise FileError(
                f"{file} is {len(on_the_way)} folders down, so that no folder at --depth {depth} is its label; give a "
                "smaller depth."
            )
        if on_the_way:
            inside.setdefault(on_the_way[-1 if depth is None else depth - 1], []).append(file)
    if direct and inside:
        raise FileError(
            f"{path}: pictures lie both in the folder ({few(p.name for p in direct[:2])}) and in its "
            f"sub-folders ({few(inside)}); sub-folders are labels, so put every picture into one."
        )
    if not found:
        raise FileError(f"{path} holds no pictures ({', '.join(IMAGE_SUFFIXES)}), here or in a folder below.")
    return {label: inside[label] for label in sorted(inside)} or {"": direct}


def _pictures(folder: Path) -> list[Path]:
    """All pictures below a folder, in the order of their paths; a link that leads back up is not followed."""
    found, seen = [], {folder.resolve()}
    for place, folders, files in os.walk(folder, followlinks=True):
        here = [Path(place, name) for name in folders if name[0] not in "._"]
        fresh = [path for path in here if path.resolve() not in seen]
        seen.update(path.resolve() for path in fresh)
        folders[:] = [path.name for path in fresh]
        found += [
            path
            for name in files
            if name[0] not in "._" and (path := Path(place, name)).suffix.lower() in IMAGE_SUFFIXES
            if path.is_file()
        ]
    return sorted(found)


def _read_all(
    files: Sequence[Path], source: Path, resize: tuple[int, int] | None
) -> tuple[NDArray[np.float32], tuple[int, int, int]]:
    pictures = Pictures.of(files, source, resize)
    shape = pictures.shape
    channels, height, width = shape
    d = channels * height * width
    if len(files) * d * 4 > MAX_BYTES:
        raise DataError(
            f"{source}: {len(files)} pictures of {height}x{width} take {len(files) * d * 4 >> 30} GiB; "
            "make them smaller with --resize 64x64."
        )
    X = np.empty((len(files), d), np.float32)
    for number, row in enumerate(X):
        row[:] = pictures.decode(number).reshape(-1)
    return X, shape


@dataclass(frozen=True)
class Pictures:
    """Pictures of one size, that are decoded one by one.

    Attributes
    ----------
    files : sequence of Path
    shape : (int, int, int)
        (C, H, W).
    resize : (int, int) or None
        The height and width that they are brought to.
    """

    files: Sequence[Path]
    shape: tuple[int, int, int]
    resize: tuple[int, int] | None

    @classmethod
    def of(cls, files: Sequence[Path], source: Path, resize: tuple[int, int] | None) -> Pictures:
        """Look at the headers of all files; refuse pictures of different sizes."""
        headers = [_look(file) for file in files]
        if resize is None:
            _refuse_ragged(headers, source)
            width, height = headers[0].size
        else:
            height, width = resize
        channels = 3 if any(header.colour for header in headers) else 1
        return cls(tuple(files), (channels, height, width), resize)

    def decode(self, number: int) -> NDArray[np.float32]:
        """One picture, (C, H, W) in [0, 1]."""
        return _decode(self.files[number], self.shape[0], self.resize)


def _refuse_ragged(headers: Sequence[_Header], source: Path) -> None:
    sizes: dict[str, list[str]] = {}
    for header in headers:
        sizes.setdefault(header.words, []).append(header.path.name)
    if len(sizes) > 1:
        common = max(sizes, key=lambda words: len(sizes[words]))
        width, height = common.split("x")
        found = [f"{words} ({len(names)}, such as {names[0]})" for words, names in sizes.items()]
        raise DataError(
            f"{source}: pictures have different sizes, width x height: {few(found)}; bring them to one with "
            f"--resize {height}x{width} (height x width)."
        )


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """An open picture; what the decoder refuses becomes one sentence with the file's name."""
    expect_file(path, "a picture")
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        # Damaged metadata is a warning of the decoder's; the size limit here is our own.
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as image:
                yield image
        except FileError:
            raise
        except UnidentifiedImageError:
            raise FileError(
                f"{path} is not a picture that can be read; it is damaged or of another kind than its suffix "
                "says: remove or replace it."
            ) from None
        except (Image.DecompressionBombError, *_FAULTS) as error:
            raise FileError(
                f"{path} is a damaged picture ({in_words(error)}); remove or replace it."
            ) from None


def _look(path: Path) -> _Header:
    """The size and the kind of a picture, from its header; refuses what is no still picture."""
    with _opened(path) as image:
        # Telephones put previews behind the picture (MPO); the first is the picture.
        frames, mode = 1 if image.format == "MPO" else getattr(image, "n_frames", 1), image.mode
        width, height = image.size
        if image.getexif().get(0x0112) in (5, 6, 7, 8):  # turned by a quarter
            width, height = height, width
    if frames > 1:
        raise FileError(f"{path} is animated or has several pages ({frames}); save one of them as a picture.")
    if width * height > _MAX_PIXELS or min(width, height) < 1:
        raise FileError(
            f"{path} states {width}x{height} pixels, at most {_MAX_PIXELS} are read; make it smaller."
        )
    if mode not in (*_GREY, *_SIXTEEN, *_COLOUR):
        raise FileError(
            f"{path} has pixels of the kind {mode!r}, expected 8-bit grey or colour, or 16-bit grey; "
            "convert it."
        )
    return _Header(path, (width, height), mode in _COLOUR)


def _decode(path: Path, channels: int, resize: tuple[int, int] | None) -> NDArray[np.float32]:
    """Pixels in [0, 1] of shape (C, H, W)."""
    from PIL import Image, ImageOps

    with _opened(path) as opened:
        opened.load()
        image = ImageOps.exif_transpose(opened)
        if image.mode in _SIXTEEN:
            image = Image.fromarray(np.asarray(image, dtype=np.float32) / 65535)
            planes = [image] * channels
        else:
            if image.has_transparency_data:
                white = Image.new("RGBA", image.size, "white")
                image = Image.alpha_composite(white, image.convert("RGBA"))
            image = image.convert("L" if channels == 1 else "RGB")
            # Resizing in floating point keeps the levels between two bytes.
            planes = [Image.fromarray(np.asarray(p, dtype=np.float32) / 255) for p in image.split()]
        if resize is not None:
            size = (resize[1], resize[0])
            planes = [plane.resize(size, Image.Resampling.BILINEAR) for plane in planes]
        return np.stack([np.asarray(plane, dtype=np.float32) for plane in planes])
