"""Models that are bad in a known way get that finding by name; good ones get none. No figure goes unjudged."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_diabetes, make_blobs, make_friedman1, make_low_rank_matrix, make_s_curve
from sklearn.decomposition import PCA

from diabolo import KL, MLP, Autoencoder, Gaussian, Training
from diabolo.report import Options, health_report
from diabolo.report.findings import FINDINGS
from diabolo.report.rules import JUDGED_BY, RANGES, judged_by
from diabolo.report.tables import tables

SMALL = Options(pairs=300, samples=300, codes=300)


def draw(name, seed=0, n=900):
    """Data of a name, in random order."""
    rng = np.random.default_rng(seed)
    t, u, noise = rng.uniform(-1, 1, n), rng.uniform(-1, 1, n), rng.normal(size=(n, 12))
    made = {
        "curve": lambda: np.column_stack([np.sin(2 * t), np.cos(2 * t), t, t**2, t**3]) + 0.1 * noise[:, :5],
        "saddle": lambda: np.column_stack([t, u, t * u, t**2 - u**2]) + 0.1 * noise[:, :4],
        "torus": lambda: np.column_stack(
            [(2 + np.cos(3 * u)) * np.cos(3 * t), (2 + np.cos(3 * u)) * np.sin(3 * t), np.sin(3 * u)]
        ),
        "s": lambda: make_s_curve(n, noise=0.05, random_state=seed)[0],
        "blobs": lambda: make_blobs(n, 3, centers=4, random_state=seed)[0],
        "normal": lambda: noise[:, :3] @ rng.normal(size=(3, 8)) + 0.2 * noise[:, 3:11],
        "rank": lambda: make_low_rank_matrix(n, 12, effective_rank=3, tail_strength=0.05, random_state=seed),
        "diabetes": lambda: load_diabetes().data,
        "friedman": lambda: make_friedman1(n, 6, random_state=seed)[0],
    }[name]()
    return made[rng.permutation(len(made))].astype(np.float64)


def fitted(X, latent=2, epochs=40, lr=2e-3, batch_size=32, **parts):
    training = Training(epochs=epochs, lr=lr, batch_size=batch_size)
    return Autoencoder(latent=latent, training=training, random_state=0, verbose=False, **parts).fit(X)


def judged(model, train, test, y=None):
    return health_report(model, test, y, X_train=train, options=SMALL, verbose=False)


def halves(name, **given):
    X = draw(name, **given)
    return X[: len(X) * 2 // 3], X[len(X) * 2 // 3 :]


def _simple(name, latent=2, **parts):
    train, test = halves(name)
    return judged(fitted(train, latent, **parts), train, test)


def _silenced(share, half="encoder"):
    train, test = halves("saddle")
    model = fitted(train, 2, encoder=MLP((40,), activation="relu"), epochs=20)
    with torch.no_grad():
        getattr(model.module_, half).layers[0].bias[: int(40 * share)] = -100.0
    return judged(model, train, test)


def _dead_bottleneck():
    train, test = halves("saddle")
    model = fitted(train, 4, encoder=MLP((16,), output_activation="relu"), epochs=5)
    with torch.no_grad():
        model.module_.encoder.layers[-1].bias[:2] = -100.0
    return judged(model, train, test)


def _other_units():
    train, test = halves("normal")
    return judged(fitted(train, 3), train, 255 * test)


def _planted():
    train, test = halves("saddle")
    test[::40] += 30.0
    return judged(fitted(train, 2), train, test)


def _unscaled():
    X = draw("normal") * np.array([1000, *[1] * 7])
    return judged(fitted(X[:600], 3, scaling=None, epochs=5), X[:600], X[600:])


def _noise_column():
    X = np.column_stack([draw("curve"), np.random.default_rng(1).normal(size=900)])
    return judged(fitted(X[:600], 1), X[:600], X[600:])


def _few_rows():
    X = draw("diabetes")
    return judged(fitted(X[:30], 8, epochs=400, encoder=MLP((256,))), X[:30], X[200:])


def _untouched():
    train, test = halves("torus")
    return fitted(train, epochs=1, lr=1e-9, encoder=MLP()).report(test, X_train=train, options=SMALL)


def _labels():
    X = make_blobs(900, 10, centers=30, cluster_std=0.3, random_state=0)
    return judged(fitted(X[0][:600], 1, epochs=2), X[0][:600], X[0][600:], X[1][600:])


BAD = {
    "posterior_collapse": lambda: _simple("saddle", Gaussian(4), penalties=KL(30)),
    "dead_bottleneck": _dead_bottleneck,
    "half_dead_layer": lambda: _silenced(0.7),
    "dead_layers": lambda: _silenced(0.95),
    "over_fit": _few_rows,
    "not_finished": lambda: _simple("torus", epochs=3, lr=3e-4),
    "not_better_than_untrained": _untouched,
    "wrong_scale": _other_units,
    "outside_range": _planted,
    "one_column_dominates": _unscaled,
    "linear_in_disguise": lambda: _simple("normal", 3, encoder=MLP(()), epochs=150, lr=1e-2),
    "off_prior": lambda: _simple("saddle", Gaussian(2), penalties=KL(1e-4)),
    "samples_told_apart": lambda: _simple("torus", Gaussian(2), penalties=KL(1e-4)),
    "samples_leave_out": lambda: _simple("friedman", Gaussian(1), penalties=KL(3)),
    "warm_up_not_ended": lambda: _simple("saddle", Gaussian(2), penalties=KL(1.0, warmup=200)),
    "lost_column": _noise_column,
    "narrow_layer": lambda: _simple("normal", 5, encoder=MLP((2,))),
    "labels_lost": _labels,
    "scrambled_neighbours": lambda: _simple("friedman", 1, epochs=1, lr=1e-6),
}


def _beside(name, dim):
    train, test = halves(name)
    return judged(PCA(dim).fit(train), train, test)


GOOD = {
    "curve in one dimension": lambda: _simple("curve", 1, epochs=60),
    "saddle": lambda: _simple("saddle", 2, epochs=60),
    "torus in three dimensions": lambda: _simple("torus", 3, epochs=60),
    "blobs": lambda: _simple("blobs", 2, epochs=60),
    "normal, PCA": lambda: _beside("normal", 3),
    "rank, PCA": lambda: _beside("rank", 6),
    "diabetes, PCA": lambda: _beside("diabetes", 8),
    "friedman, PCA": lambda: _beside("friedman", 5),
    "saddle, PCA": lambda: _beside("saddle", 3),
    "saddle, another seed": lambda: judged(
        fitted(draw("saddle", 1)[:600], 2, epochs=60), draw("saddle", 1)[:600], draw("saddle", 2)
    ),
    "curve in two dimensions": lambda: _simple("curve", 2, epochs=60),
    "s, another seed": lambda: judged(
        fitted(draw("s", 1)[:600], 2, epochs=100), draw("s", 1)[:600], draw("s", 2)
    ),
    "saddle, drawn codes": lambda: _simple("saddle", Gaussian(2), penalties=KL(0.1), epochs=60),
}


# What they are made for is the code; a decoder's mean has less noise than the data, which a classifier sees.
SAMPLES = {"samples_told_apart", "samples_leave_out", "samples_off_data"}


@pytest.mark.filterwarnings("ignore::diabolo.errors.OutsideRangeWarning")
@pytest.mark.filterwarnings("ignore::diabolo.errors.WarmupWarning")
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_model_gets_its_finding_by_name(kind):
    found = {finding.kind: finding for finding in BAD[kind]().findings}
    assert kind in found
    assert "; " in found[kind].sentence or ". " in found[kind].sentence


@pytest.mark.parametrize("name", GOOD)
def test_a_good_model_gets_no_finding_but_notes_on_its_samples(name):
    found = GOOD[name]().findings
    assert [f for f in found if f.severity != "note" or f.kind not in SAMPLES] == []


@pytest.mark.parametrize("each", RANGES, ids=lambda each: each.kind)
def test_a_range_grades_on_either_side_of_its_bounds(each):
    step = 1e-6 if each.bad > each.doubtful else -1e-6
    for value, grade in (
        (each.doubtful - step, "good"),
        (each.doubtful + step, "doubtful"),
        (each.bad - step, "doubtful"),
        (each.bad + step, "bad"),
    ):
        if math.isfinite(value):
            assert dataclasses.replace(each, read=lambda _f, v=value: v).grade(None) == grade
    assert dataclasses.replace(each, read=lambda _f: None).grade(None) is None
    assert dataclasses.replace(each, read=lambda _f: math.nan).grade(None) is None
    assert each.source
    assert each.remedy


def test_every_printed_figure_is_judged_or_says_why_not():
    train, test = halves("saddle")
    y = (test[:, 0] > 0).astype(int)
    vae = fitted(train, Gaussian(2), penalties=KL(0.1), epochs=3)
    known = set(FINDINGS)
    for table in tables(judged(vae, train, test, y).figures):
        if table.title == "Ranges":
            continue
        for row in table.rows:
            by = judged_by(table.title, row[0])
            assert by, (table.title, row[0])
            assert isinstance(by, str) or set(by) <= known
    named = {kind for by in JUDGED_BY.values() if not isinstance(by, str) for kind in by}
    assert named <= known


def test_findings_do_not_follow_the_numbers_that_columns_are_written_in():
    X = draw("saddle")
    scaled = X * np.array([1.0, 1e4, 1.0, 1e-3])
    plain, other = (judged(fitted(A[:600], epochs=5), A[:600], A[600:]).figures for A in (X, scaled))
    assert other.generation.c2st == pytest.approx(plain.generation.c2st, abs=0.05)
    for name, value in plain.neighbourhood["model"].items():
        assert other.neighbourhood["model"][name] == pytest.approx(value, rel=0.05)
