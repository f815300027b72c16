"""Published numbers, on the files and splits they were published for."""

from __future__ import annotations

import gzip
import os
import sys
import time

import numpy as np
import numpy.typing as npt
import pytest
from fresh import in_fresh_process
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from diabolo import anomaly, metrics


def read_idx(folder: str, name: str) -> npt.NDArray[np.uint8]:
    """An IDX array of bytes: a big-endian header of the kind, the number of axes and their lengths."""
    with gzip.open(os.path.join(folder, "mnist", name)) as file:
        raw = file.read()
    axes = raw[3]
    shape = np.frombuffer(raw, ">i4", axes, 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * axes).reshape(shape)


@pytest.fixture(scope="module")
def mnist(data_dir: str) -> dict[str, npt.NDArray[np.float32]]:
    """Rows of pixels in [0, 1] and labels of both parts."""
    parts = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        images = read_idx(data_dir, f"{prefix}-images-idx3-ubyte.gz")
        parts[part] = images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
        parts[f"{part}_labels"] = read_idx(data_dir, f"{prefix}-labels-idx1-ubyte.gz")
    return parts


# Moor et al. 2020 (arXiv:1906.00722), table 1, MNIST, PCA. The tolerance is half a unit of the last digit shown.
PUBLISHED = {
    "kl_0.01": (0.388, 0.0005),
    "kl_0.1": (0.163, 0.0005),
    "kl_1": (0.00160, 0.000005),
    "mrre": (0.166, 0.0005),
    "continuity": (0.901, 0.0005),
    "trustworthiness": (0.745, 0.0005),
    "rmse": (13.2, 0.05),
}


@pytest.mark.data
@pytest.mark.slow
def test_mnist_pca_row_of_the_topological_autoencoders(mnist: dict[str, npt.NDArray[np.float32]]) -> None:
    train, test = mnist["train"] * 2 - 1, mnist["test"] * 2 - 1
    # Their PCA saw 85 % of the training images. This is the split of the first repetition in their repository (seed
    # 249040430, out of which Sacred makes the one below): every figure is that of the table. With all 60,000 images
    # trustworthiness is 0.7456 and the others stay the same to the digits shown.
    seen = np.random.RandomState(996820274).permutation(60_000)[:51_000]
    pca = PCA(2, svd_solver="covariance_eigh").fit(train[seen])
    codes = pca.transform(test)
    started = time.process_time()
    scores = metrics.neighbourhood(test, codes)
    # Processor time, which a busy machine does not change: a minute on two cores.
    assert time.process_time() - started < 120
    for name, (value, tolerance) in PUBLISHED.items():
        assert scores[name] == pytest.approx(value, abs=tolerance), name
    assert metrics.mse(test, pca.inverse_transform(codes)) == pytest.approx(0.2227, abs=5e-5)


@pytest.mark.data
@pytest.mark.slow
def test_mnist_pca_reconstruction_errors(mnist: dict[str, npt.NDArray[np.float32]]) -> None:
    pca = PCA(32, svd_solver="covariance_eigh").fit(mnist["train"].astype(np.float64))
    centred = mnist["test"] - pca.mean_
    for k, expected in {2: 43.645, 8: 29.354, 16: 21.058, 30: 13.866, 32: 13.193}.items():
        kept = pca.components_[:k]
        error = metrics.squared_error(centred, centred @ kept.T @ kept).mean()
        assert error == pytest.approx(expected, abs=0.0005)


@pytest.mark.data
@pytest.mark.slow
def test_mnist_one_class_pca_residual(mnist: dict[str, npt.NDArray[np.float32]]) -> None:
    aucs = []
    for digit in range(10):
        normal = mnist["train"][mnist["train_labels"] == digit]
        detector = anomaly.OutlierDetector(anomaly.PCAResidual(32), scored_by="reconstruction").fit(normal)
        strange = mnist["test_labels"] != digit
        aucs.append(100 * metrics.roc_auc(strange, detector.anomaly_score(mnist["test"])))
    assert np.mean(aucs) == pytest.approx(95.53, abs=0.005)


def nested_spheres(seed: int) -> npt.NDArray[np.float32]:
    """Ten spheres of dimension 100 and radius 5 around random centres, inside one of radius 25."""
    rng = np.random.RandomState(seed)
    centres = rng.normal(0, 10 / np.sqrt(100), [11, 101])
    parts = []
    for index in range(11):
        inner = index < 10
        points = rng.randn(500 if inner else 5000, 101)
        points *= (5 if inner else 25) / np.sqrt((points**2).sum(axis=1, keepdims=True))
        parts.append(points + (centres[index] if inner else 0.0))
    return np.concatenate(parts).astype(np.float32)


def test_nested_spheres_pca_row() -> None:
    rng = np.random.RandomState(42)
    train, test = train_test_split(nested_spheres(42), test_size=0.1, random_state=rng)
    mean, scale = train.mean(axis=0), train.std(axis=0)
    train, test = (train - mean) / scale, (test - mean) / scale
    codes = PCA(2, svd_solver="covariance_eigh").fit(train).transform(test)
    assert metrics.density_kl(test, codes, sigma=0.1) == pytest.approx(0.651, abs=0.0005)


MEMORY = """
import resource
import numpy as np
from diabolo import metrics
rng = np.random.default_rng(0)
X = rng.integers(0, 256, size=({n}, 784)).astype(np.float32)
metrics.neighbourhood(X, rng.normal(size=({n}, 2)))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read in the units of Linux")
def test_neighbourhood_of_ten_thousand_images_needs_less_than_2_gb() -> None:
    assert int(in_fresh_process(MEMORY.format(n=10_000))) * 1024 < 2e9
