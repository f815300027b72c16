"""Generated sets: shapes, distributions, and the published spheres to the bit."""

import hashlib

import numpy as np
import pytest
from fresh import in_fresh_process

from diabolo import datasets
from diabolo.errors import SettingError, UnknownNameError

# SHA-256 of the published set as little-endian float32, which is the same whatever the last bit of a
# float64 sum; computed from the transcription below.
SPHERES_SHA256 = "5bc94503955a3ea9ab764da799ac83dc30175dafe4c4dff4733e0bad21b6be9d"


def published_spheres(n=500, d=100, count=11, r=5, seed=42):
    """The algorithm of Moor et al. (2020) written down anew, one point at a time."""
    np.random.seed(seed)  # noqa: NPY002
    shifts = np.random.normal(0, 10 / np.sqrt(d), [count, d + 1])  # noqa: NPY002
    rows, labels = [], []
    for sphere in range(count):
        outer = sphere == count - 1
        for point in np.random.randn(10 * n if outer else n, d + 1):  # noqa: NPY002
            on_sphere = point * ((5 * r if outer else r) / np.linalg.norm(point))
            rows.append(on_sphere if outer else on_sphere + shifts[sphere])
            labels.append(sphere)
    return np.array(rows), np.array(labels)


def test_the_spheres_are_the_published_set():
    X, y = datasets.make_spheres()
    expected, labels = published_spheres()
    assert X.shape == (10000, 101)
    assert X.dtype == np.float64
    # The norm is summed in another order: a few units in the last place.
    np.testing.assert_allclose(X, expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(y, labels)
    assert hashlib.sha256(X.astype("<f4").tobytes()).hexdigest() == SPHERES_SHA256
    assert hashlib.sha256(expected.astype("<f4").tobytes()).hexdigest() == SPHERES_SHA256
    np.testing.assert_allclose(
        X[0, :3], [0.6005041792982846, 0.2770563047661649, 0.8842987407362797], rtol=1e-12
    )
    np.testing.assert_allclose(
        X[-1, :3], [-1.8269393058727488, -2.015698304001376, 1.8166516415558909], rtol=1e-12
    )


def test_the_spheres_have_their_radii_and_counts():
    X, y = datasets.make_spheres()
    np.testing.assert_array_equal(np.bincount(y), [500] * 10 + [5000])
    np.testing.assert_allclose(np.linalg.norm(X[y == 10], axis=1), 25, rtol=1e-12)
    centre = np.random.RandomState(42).normal(0, 1.0, (11, 101))[3]
    np.testing.assert_allclose(np.linalg.norm(X[y == 3] - centre, axis=1), 5, rtol=1e-12)


def test_small_spheres():
    X, y = datasets.make_spheres(n_samples=2, dim=3, n_spheres=2, radius=1, random_state=0)
    expected, labels = published_spheres(2, 3, 2, 1, 0)
    np.testing.assert_allclose(X, expected, rtol=1e-12)
    np.testing.assert_array_equal(y, labels)


def test_digits_are_scaled_to_one():
    X, y = datasets.load_digits()
    assert (X.shape, X.dtype, y.dtype) == ((1797, 64), np.float32, np.int64)
    assert (X.min(), X.max()) == (0, 1)
    np.testing.assert_array_equal(X * 16, np.round(X * 16))
    np.testing.assert_array_equal(np.bincount(y), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])


def test_the_rectangle_is_uniform():
    X, y = datasets.make_rectangle(200_000, random_state=1)
    assert y is None
    assert (np.abs(X) <= [2, 1]).all()
    # Five standard errors of a mean and of a variance of uniform variables.
    np.testing.assert_allclose(X.mean(0), 0, atol=5 * np.sqrt(4 / 3 / 200_000))
    np.testing.assert_allclose(X.var(0), [4 / 3, 1 / 3], atol=5 * np.sqrt(1.5 / 200_000))


def test_moons_without_noise_lie_on_their_circles():
    X, y = datasets.make_moons(101, noise=0)
    centre = np.where(y[:, None] == 0, [0, 0], [1, 0.5])
    np.testing.assert_allclose(np.linalg.norm(X - centre, axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(np.bincount(y), [50, 51])


def test_moons_have_the_noise_they_are_given():
    X, y = datasets.make_moons(20_000, noise=0.1, random_state=3)
    centre = np.where(y[:, None] == 0, [0, 0], [1, 0.5])
    radii = np.linalg.norm(X - centre, axis=1)
    # Across the circle the noise is normal with deviation 0.1; along it, it adds 0.1**2 / 2 to the radius.
    assert abs(radii.std() - 0.1) < 0.003


def test_the_swiss_roll_lies_on_its_spiral():
    X, t = datasets.make_swiss_roll(50)
    np.testing.assert_allclose(X[:, 0], t * np.cos(t), atol=1e-12)
    np.testing.assert_allclose(X[:, 2], t * np.sin(t), atol=1e-12)


@pytest.mark.parametrize("name", ["moons", "rectangle", "spheres", "swiss_roll"])
def test_the_seed_decides_everything(name):
    make = datasets.DATASETS[name].loader
    first, again, other = make(5, random_state=1)[0], make(5, random_state=1)[0], make(5, random_state=2)[0]
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(make(5)[0], make(5)[0])
    assert np.isfinite(make(5, random_state=None)[0]).all()
    np.testing.assert_array_equal(make(5, random_state=np.random.RandomState(1))[0], first)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("moons", {"n_samples": 1}),
        ("moons", {"n_samples": 2.5}),
        ("moons", {"n_samples": True}),
        ("moons", {"noise": -1}),
        ("moons", {"noise": float("nan")}),
        ("moons", {"noise": "a"}),
        ("rectangle", {"n_samples": 0}),
        ("rectangle", {"random_state": -1}),
        ("rectangle", {"random_state": 2**32}),
        ("rectangle", {"random_state": "a"}),
        ("spheres", {"radius": 0}),
        ("spheres", {"n_spheres": 0}),
        ("swiss_roll", {"noise": float("inf")}),
        ("digits", {"n_samples": 3}),
    ],
)
def test_wrong_settings_are_refused(name, options):
    with pytest.raises(SettingError, match=next(iter(options))):
        datasets.load(name, **options)


def test_every_named_set_describes_itself():
    assert list(datasets.DATASETS) == [
        "digits", "moons", "rectangle", "spheres", "swiss_roll", "mnist", "fashion_mnist",
    ]  # fmt: skip
    for name, entry in datasets.DATASETS.items():
        assert entry.name == name
        assert entry.doc.endswith(".")
        if not entry.downloaded:
            dataset = datasets.load(name)
            assert dataset.name == dataset.source == name
            assert dataset.image_shape == entry.image_shape
            assert len(dataset) == len(dataset.X)
            assert repr(dataset).startswith(f"Dataset({name!r}: ")


def test_an_unknown_name_names_both_possibilities(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownNameError, match=r"unknown data set or file 'digts'. Did you mean 'digits'"):
        datasets.load("digts")


def test_importing_the_room_loads_nothing_slow():
    code = (
        "import sys, diabolo.datasets;"
        "slow = {'torch', 'sklearn', 'pandas', 'pyarrow', 'PIL', 'pooch', 'scipy', 'matplotlib'};"
        "print(*slow & set(sys.modules))"
    )
    assert in_fresh_process(code).strip() == ""
