"""Folders of pictures, and single ones: kinds, sizes, labels, and damaged files."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from diabolo import datasets
from diabolo.datasets.images import parse_size
from diabolo.errors import DataError, DiaboloError, FileError, SettingError


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """One folder for all examples of a property: making a folder takes longer than the rest."""
    return tmp_path_factory.mktemp("scratch")


GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
COLOUR = np.random.default_rng(0).integers(0, 256, (3, 4, 3), dtype=np.uint8)


def save(array, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def test_a_single_picture(tmp_path):
    dataset = datasets.read(save(GREY, tmp_path / "a.png"))
    np.testing.assert_array_equal(dataset.X, (GREY / np.float32(255)).astype(np.float32).reshape(1, 12))
    assert (dataset.image_shape, dataset.X.dtype) == ((1, 3, 4), np.float32)
    assert (dataset.ids.tolist(), dataset.id_name, dataset.y, dataset.name) == (["a.png"], "file", None, "a")
    colour = datasets.read(save(COLOUR, tmp_path / "b.bmp"))
    assert colour.image_shape == (3, 3, 4)
    np.testing.assert_array_equal(
        colour.X.reshape(3, 3, 4)[1], (COLOUR[..., 1] / np.float32(255)).astype("f4")
    )


def test_sub_folders_are_labels(tmp_path):
    for name in ("dog/2", "cat/1", "cat/0"):
        save(GREY, tmp_path / "pets" / f"{name}.png")
    (tmp_path / "pets" / ".hidden").mkdir()
    (tmp_path / "pets" / "empty").mkdir()
    (tmp_path / "pets" / "notes.txt").write_text("not a picture")
    save(GREY, tmp_path / "pets" / "cat" / "._0.png")
    dataset = datasets.read(tmp_path / "pets")
    assert dataset.ids.tolist() == ["cat/0.png", "cat/1.png", "dog/2.png"]
    assert (dataset.y.tolist(), dataset.label_names) == ([0, 0, 1], ("cat", "dog"))
    assert dataset.name == "pets"


def test_a_flat_folder_has_no_labels_and_grey_joins_colour(tmp_path):
    save(GREY, tmp_path / "im" / "a.png")
    assert datasets.read(tmp_path / "im").image_shape == (1, 3, 4)
    save(COLOUR, tmp_path / "im" / "b.PNG")
    dataset = datasets.read(tmp_path / "im")
    assert (dataset.y, dataset.label_names, dataset.image_shape) == (None, None, (3, 3, 4))
    for channel in dataset.X[0].reshape(3, 12):
        np.testing.assert_array_equal(channel, (GREY / np.float32(255)).astype("f4").reshape(12))


def test_every_kind_of_pixel(tmp_path):
    deep = save(np.full((2, 2), 65535 // 5, np.uint16), tmp_path / "deep.png")
    np.testing.assert_allclose(datasets.read(deep).X, 0.2, rtol=1e-6)
    clear = save(np.zeros((2, 2, 4), np.uint8), tmp_path / "clear.png")
    assert datasets.read(clear).X.min() == 1  # black and fully transparent, on white
    Image.new("1", (2, 2), 1).save(tmp_path / "bit.png")
    assert (datasets.read(tmp_path / "bit.png").X == 1).all()
    assert datasets.read(tmp_path / "bit.png").image_shape == (1, 2, 2)
    Image.new("RGB", (2, 2), "red").convert("P").save(tmp_path / "palette.gif")
    np.testing.assert_array_equal(datasets.read(tmp_path / "palette.gif").X, [[1] * 4 + [0] * 8])
    Image.new("CMYK", (8, 8), (0, 0, 0, 0)).save(tmp_path / "print.jpg")
    assert datasets.read(tmp_path / "print.jpg").X.min() == 1
    save(np.zeros((2, 2), np.float32), tmp_path / "float.tif")
    with pytest.raises(FileError, match=r"float.tif has pixels of the kind 'F'"):
        datasets.read(tmp_path / "float.tif")


def test_a_picture_is_turned_as_its_camera_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(GREY, tmp_path / "a.png", exif=exif)
    dataset = datasets.read(path)
    assert dataset.image_shape == (1, 4, 3)
    np.testing.assert_allclose(dataset.X.reshape(4, 3) * 255, np.rot90(GREY, -1), atol=1e-4)


def test_resizing(tmp_path):
    save(np.full((6, 8), 100, np.uint8), tmp_path / "im" / "a.png")
    save(np.full((3, 9), 200, np.uint8), tmp_path / "im" / "b.png")
    dataset = datasets.read(tmp_path / "im", resize=(3, 4))
    assert dataset.image_shape == (1, 3, 4)
    np.testing.assert_allclose(dataset.X * 255, [[100] * 12, [200] * 12], rtol=1e-6)
    assert dataset.X.max() <= 1
    step = save(np.repeat(np.array([[0, 255]], np.uint8), 2, axis=0), tmp_path / "step.png")
    assert pytest.approx(0.5) == datasets.read(step, resize=1).X


@pytest.mark.parametrize(
    ("given_size", "size"),
    [
        ((3, 4), (3, 4)),
        ([3, 4], (3, 4)),
        (5, (5, 5)),
        ("5", (5, 5)),
        ("3x4", (3, 4)),
        (" 3 x 4 ", (3, 4)),
        (None, None),
    ],
)
def test_sizes(given_size, size):
    assert parse_size(given_size) == size


@pytest.mark.parametrize(
    "wrong", ["ab", "3x", "3x4x5", "-3", 0, (0, 3), (1, 2, 3), (1.5, 2), True, (10**6, 10**6), ()]
)
def test_wrong_sizes(wrong):
    with pytest.raises(SettingError, match="--resize takes"):
        parse_size(wrong)


def test_different_sizes_are_refused_with_the_commonest(tmp_path):
    for i in range(3):
        save(GREY, tmp_path / "im" / f"{i}.png")
    save(GREY.T, tmp_path / "im" / "turned.png")
    with pytest.raises(
        DataError, match=r"4x3 \(3, such as 0.png\), 3x4 \(1, such as turned.png\).*--resize 3x4 "
    ):
        datasets.read(tmp_path / "im")


def test_an_animation_is_refused_by_name(tmp_path):
    frames = [Image.new("L", (4, 3), shade) for shade in (0, 100, 200)]
    for name in ("a.gif", "pages.tif"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        with pytest.raises(FileError, match=rf"{name} is animated or has several pages \(3\)"):
            datasets.read(tmp_path / name)


def test_a_picture_with_previews_behind_it_is_read(tmp_path):
    frames = [Image.new("RGB", (8, 8), shade) for shade in ("white", "black")]
    frames[0].save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=frames[1:])
    assert datasets.read(tmp_path / "a.jpg").X.min() == 1


def _png(width=40, height=40):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "png")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"bad.png is empty"),
        (b"hello", r"bad.png is not a picture"),
        (_png()[:800], r"bad.png is a damaged picture"),
        (_png()[:20], r"bad.png is "),
        # Width and height of the header alone, with its checksum left wrong: refused before a pixel is made.
        (_png()[:16] + b"\x00\xff\xff\xff" * 2 + _png()[24:], r"bad.png is "),
    ],
)
def test_a_damaged_picture_is_refused_by_name(tmp_path, content, words):
    save(COLOUR, tmp_path / "im" / "good.png")
    (tmp_path / "im" / "bad.png").write_bytes(content)
    with pytest.raises(FileError, match=words) as caught:
        datasets.read(tmp_path / "im")
    assert "\n" not in str(caught.value)


def test_a_stated_size_beyond_all_measure_is_refused(tmp_path):
    path = tmp_path / "a.pgm"
    path.write_bytes(b"P5\n200000 200000\n255\n\0\0")
    with pytest.raises(FileError, match=r"a.pgm (states 200000x200000 pixels|is a damaged picture)"):
        datasets.read(path)


def test_folders_that_cannot_be_read(tmp_path):
    with pytest.raises(FileError, match="holds no pictures"):
        datasets.read(tmp_path)
    save(GREY, tmp_path / "a.png")
    save(GREY, tmp_path / "cat" / "b.png")
    with pytest.raises(FileError, match=r"both in the folder \(a.png\) and in its sub-folders \(cat\)"):
        datasets.read(tmp_path)
    with pytest.raises(
        SettingError, match=r"a folder of them .*, which takes --resize, --depth; leave out --drop, --missing"
    ):
        datasets.read(tmp_path, drop="a", missing="mean")


def test_too_many_pictures_for_any_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("diabolo.datasets.images.MAX_BYTES", 10)
    with pytest.raises(DataError, match="make them smaller with --resize"):
        datasets.read(save(GREY, tmp_path / "a.png"))


@given(data=st.data(), kind=st.sampled_from(["png", "jpeg", "gif", "bmp", "tiff", "webp"]))
@settings(deadline=None, max_examples=100)
def test_any_damage_is_read_or_refused(scratch, data, kind):
    buffer = io.BytesIO()
    Image.fromarray(COLOUR).save(buffer, kind)
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(0, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(len(content) // 2, len(content)))]
    path = scratch / f"a.{kind}"
    path.write_bytes(content)
    with contextlib.suppress(DiaboloError):  # and no other kind
        X = datasets.read(path).X
        assert (X >= 0).all()
        assert (X <= 1).all()
