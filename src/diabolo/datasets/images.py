"""Pictures of the user's own: a folder of images, or a single one, as flat rows in [0, 1].

Pictures are opened twice: first their headers alone, so that sizes and kinds are compared, and the
memory is known, before a pixel is decoded. Pillow is imported inside the functions.
"""

from __future__ import annotations

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

from ..errors import DataError, FileError, SettingError
from ..storage.text import readable
from .dataset import Dataset
from .files import MAX_BYTES, expect_file, few

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["IMAGE_SUFFIXES", "Pictures", "find_pictures", "parse_size", "read_folder", "read_image"]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
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


def read_image(path: Path, resize: tuple[int, int] | None = None) -> Dataset:
    """Read one picture as a single row."""
    X, shape = _read_all([path], path, resize)
    return Dataset(
        X, ids=np.array([path.name]), image_shape=shape, name=path.stem, source=str(path), id_name="file"
    )


def read_folder(path: Path, resize: tuple[int, int] | None = None) -> Dataset:
    """Read the pictures of a folder; those in sub-folders are labelled with the sub-folder's name.

    Files that are no pictures by their suffix, and hidden files, are passed over. A row is grey if all
    pictures are, and otherwise has three channels; transparency is laid on white.
    """
    inside = find_pictures(path)
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


def find_pictures(path: Path) -> dict[str, list[Path]]:
    """The pictures of a folder by the sub-folder that they are in, or all under "" where they are in none.

    Raises
    ------
    FileError
        If there is none, or some are in sub-folders and some are not.
    """
    with readable(path):
        direct = _pictures(path)
        folders = sorted(p for p in path.iterdir() if p.is_dir() and p.name[0] not in "._")
        inside = {folder.name: found for folder in folders if (found := _pictures(folder))}
    if direct and inside:
        raise FileError(
            f"{path}: pictures lie both in the folder ({few(p.name for p in direct[:2])}) and in its "
            f"sub-folders ({few(inside)}); sub-folders are labels, so put every picture into one."
        )
    if not direct and not inside:
        raise FileError(f"{path} holds no pictures ({', '.join(IMAGE_SUFFIXES)}), here or one folder down.")
    return inside or {"": direct}


def _pictures(folder: Path) -> list[Path]:
    return sorted(
        p
        for p in folder.iterdir()
        if p.suffix.lower() in IMAGE_SUFFIXES and p.name[0] not in "._" and p.is_file()
    )


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
            words = " ".join(str(error).split())[:120] or type(error).__name__
            raise FileError(f"{path} is a damaged picture ({words}); remove or replace it.") from None


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
