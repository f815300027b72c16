"""What a report compares is in the units that the model was trained in, whatever units the columns have."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA

from diabolo import Autoencoder, recipes
from diabolo.report import Options, health_report

SMALL = Options(pairs=100, samples=60)


@pytest.fixture(scope="module")
def wine() -> tuple[np.ndarray, np.ndarray]:
    """Train and test rows, whose last column, proline, is 99.8 % of the variance as the numbers are."""
    X = load_wine().data
    assert X.var(0)[-1] > 0.99 * X.var(0).sum()
    order = np.random.default_rng(0).permutation(len(X))
    return X[order[:120]], X[order[120:]]


@pytest.fixture(scope="module")
def linear(wine: tuple[np.ndarray, np.ndarray]) -> Autoencoder:
    return recipes.linear(3, random_state=0).fit(wine[0])


def test_shares_of_variance_are_those_of_standardised_columns(
    wine: tuple[np.ndarray, np.ndarray], linear: Autoencoder
) -> None:
    train, test = wine
    errors = health_report(linear, test, X_train=train, options=SMALL).figures.errors
    scale, mean = train.std(0), train.mean(0)

    def explained(back: np.ndarray) -> float:
        return 1 - (((test - back) / scale) ** 2).sum() / (((test - mean) / scale) ** 2).sum()

    pca = PCA(3).fit((train - mean) / scale)
    rival = pca.inverse_transform(pca.transform((test - mean) / scale)) * scale + mean
    assert errors["model"].explained == pytest.approx(explained(linear.reconstruct(test)), abs=1e-4)
    assert errors["pca"].explained == pytest.approx(explained(rival), abs=1e-6)
    assert errors["mean"].explained == pytest.approx(0, abs=1e-9)
    assert errors["model"].squared_error == pytest.approx(
        ((test - linear.reconstruct(test)) ** 2).sum(1).mean(), rel=1e-4
    )


def test_one_column_of_large_numbers_makes_no_model_look_worse_than_pca(
    wine: tuple[np.ndarray, np.ndarray], linear: Autoencoder
) -> None:
    train, test = wine
    report = health_report(linear, test, X_train=train, options=SMALL)
    raw = PCA(3).fit(train)
    # By the numbers as they are, PCA of those numbers is far better: it has spent its first axis on one column.
    assert ((test - raw.inverse_transform(raw.transform(test))) ** 2).sum() < 0.2 * (
        (test - linear.reconstruct(test)) ** 2
    ).sum()
    assert "worse_than_pca" not in {finding.kind for finding in report.findings}
    assert "features standardised" in str(report)


def test_the_worst_features_are_those_that_lose_most_of_themselves(
    wine: tuple[np.ndarray, np.ndarray], linear: Autoencoder
) -> None:
    train, test = wine
    worst = health_report(linear, test, X_train=train, options=SMALL).figures.feature_errors
    shares = [error.explained for error in worst]
    assert worst[0].name != "12"  # the column of large numbers
    assert max(shares) - min(shares) > 0.2
    assert shares[0] == min(shares)


def test_constant_columns_explain_nothing_and_spoil_nothing(wine: tuple[np.ndarray, np.ndarray]) -> None:
    train, test = (np.column_stack([X, np.full(len(X), 7.0)]) for X in wine)
    report = health_report(recipes.linear(3, random_state=0).fit(train), test, X_train=train, options=SMALL)
    errors = report.figures.errors
    assert all(np.isfinite(e.explained) for e in errors.values())
    assert errors["mean"].explained == pytest.approx(0, abs=1e-9)


def test_a_model_whose_units_nobody_knows_is_judged_in_those_of_the_data(
    wine: tuple[np.ndarray, np.ndarray],
) -> None:
    train, test = wine
    report = health_report(PCA(3).fit(train), test, X_train=train, options=SMALL)
    errors = report.figures.errors
    assert report.figures.units == "as they are"
    assert errors["model"].trained == pytest.approx(errors["model"].squared_error)
    assert errors["model"].explained == pytest.approx(errors["pca"].explained)
