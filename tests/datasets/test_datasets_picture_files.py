"""Pictures in folders and archives: labels by folder, and what an archive may not do."""

from __future__ import annotations

import io
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from diabolo import datasets
from diabolo.errors import FileError, SettingError

# Pictures

SHADES = {"train/cat/1.png": 10, "train/dog/1.png": 20, "test/cat/1.png": 30}


def png(shade):
    buffer = io.BytesIO()
    Image.new("L", (3, 2), shade).save(buffer, "png")
    return buffer.getvalue()


def make_folder(folder):
    for name, shade in SHADES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png(shade))
    return folder


def make_zip(path, names=SHADES):
    with zipfile.ZipFile(path, "w") as archive:
        for name, shade in names.items():
            archive.writestr(name, png(shade))
    return path


def make_tar(path, names=SHADES):
    with tarfile.open(path, "w:gz" if path.suffix in (".gz", ".tgz") else "w") as archive:
        for name, shade in names.items():
            info = tarfile.TarInfo(name)
            info.size = len(png(shade))
            archive.addfile(info, io.BytesIO(png(shade)))
    return path


@pytest.mark.parametrize(
    ("name", "make"),
    [("pets", make_folder), ("pets.zip", make_zip), ("pets.tar", make_tar), ("pets.tar.gz", make_tar),
     ("pets.tgz", make_tar)],
)  # fmt: skip
def test_nested_pictures(tmp_path, name, make):
    path = make(tmp_path / name)
    dataset = datasets.read(path)
    assert (dataset.name, dataset.image_shape, dataset.source) == ("pets", (1, 2, 3), str(path))
    assert (dataset.label_names, sorted(dataset.y.tolist())) == (("cat", "dog"), [0, 0, 1])
    top = datasets.read(path, depth=1)
    assert top.label_names == ("test", "train")
    assert {i: round(float(row[0] * 255)) for i, row in zip(top.ids.tolist(), top.X, strict=True)} == SHADES
    with pytest.raises(FileError, match=r"2 folders down, so that no folder at --depth 3"):
        datasets.read(path, depth=3)


def test_a_folder_around_all_pictures_of_an_archive_is_no_label(tmp_path):
    path = make_zip(
        tmp_path / "a.zip", {"all/1.png": 1, "all/2.png": 2, "__MACOSX/all/._1.png": 3, "all/read.me": 4}
    )
    dataset = datasets.read(path)
    assert (dataset.label_names, dataset.ids.tolist()) == (None, ["1.png", "2.png"])


@pytest.mark.parametrize(
    "name", ["../out.png", "/tmp/out.png", "a/../../out.png", "a\\..\\out.png", "C:/out.png"]
)
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_paths_that_leave_an_archive_are_refused(tmp_path, make, name):
    path = make(tmp_path / f"a.{make.__name__[5:]}", {"ok.png": 1, name: 2})
    with pytest.raises(FileError, match=r"leaves the folder of the archive"):
        datasets.read(path)
    assert not list(tmp_path.parent.glob("out.png"))


def test_links_in_an_archive_are_refused(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        info = tarfile.TarInfo("a.png")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(FileError, match=r"is a link or a device, which is not followed"):
        datasets.read(tmp_path / "a.tar")


def test_an_archive_that_unpacks_to_more_than_pictures_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("diabolo.datasets.archives._MAX_PICTURE", 1 << 20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(1 << 22))
    with pytest.raises(FileError, match=r"a.png unpacks to more than a picture can be"):
        datasets.read(tmp_path / "a.zip")


@pytest.mark.parametrize("content", [b"PK\x03\x04 and no more", b"hello", b"\x1f\x8b\x08 cut"])
@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz"])
def test_a_damaged_archive(tmp_path, content, suffix):
    (tmp_path / f"a{suffix}").write_bytes(content)
    with pytest.raises(FileError, match=r"not a whole archive|could not be read"):
        datasets.read(tmp_path / f"a{suffix}")
    make_zip(tmp_path / "text.zip", {"a.txt": 1})
    with pytest.raises(FileError, match=r"holds no pictures"):
        datasets.read(tmp_path / "text.zip")


def test_links_among_folders_are_followed_once(tmp_path):
    make_folder(tmp_path / "pets")
    (tmp_path / "pets" / "train" / "again").symlink_to(tmp_path / "pets")
    assert len(datasets.read(tmp_path / "pets")) == 3


# Rows that are pictures


def test_rows_are_the_pictures_that_the_user_says(tmp_path):
    np.save(tmp_path / "t.npy", np.zeros((3, 12)))
    assert datasets.read(tmp_path / "t.npy").image_shape is None
    assert datasets.read(tmp_path / "t.npy", image_shape="3x4").image_shape == (1, 3, 4)
    assert datasets.read(tmp_path / "t.npy", image_shape=(3, 2, 2)).image_shape == (3, 2, 2)
    with pytest.raises(SettingError, match=r"--image-shape 1 x 5 x 5 needs 25 values a row, .* has 12"):
        datasets.read(tmp_path / "t.npy", image_shape="5x5")
    with pytest.raises(SettingError, match=r"--image-shape takes a height and a width"):
        datasets.read(tmp_path / "t.npy", image_shape="big")
    np.save(tmp_path / "p.npy", np.zeros((4, 2, 3), np.uint8))
    with pytest.raises(SettingError, match=r"holds pictures of 1 x 2 x 3"):
        datasets.read(tmp_path / "p.npy", image_shape="3x2")
