"""Each finding is provoked by a real model, or by figures on either side of its threshold."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from diabolo import KL, MLP, Autoencoder, Gaussian, Training
from diabolo.errors import DivergedError
from diabolo.report import FINDINGS, Options, health_report
from diabolo.report.figures import Errors, Figures, Latent, Layer, Term, TrainingFigures
from diabolo.report.findings import find
from diabolo.report.rules import RANGES

SMALL = Options(pairs=100, samples=60, codes=200)


@pytest.fixture(scope="module")
def digits():
    X = (load_digits().data / 16).astype(np.float32)
    return X[:400], X[400:700]


def kinds(report):
    return {finding.kind: finding for finding in report.findings}


def trained(X, epochs=3, validation=None, lr=2e-3, **parts):
    training = Training(epochs=epochs, lr=lr, batch_size=32)
    return Autoencoder(training=training, random_state=0, **parts).fit(X, validation=validation)


def test_a_collapsed_vae_is_named(digits):
    train, test = digits
    vae = trained(train, latent=Gaussian(8), encoder=MLP((32,)), penalties=KL(20), epochs=20)
    finding = kinds(vae.report(test, X_train=train, options=SMALL))["posterior_collapse"]
    assert finding.severity == "severe"
    assert finding.sentence.startswith("8 of 8 latent units carry no information (KL < 0.01 nats)")
    assert "lower beta or warm it up" in finding.sentence


def test_a_dead_relu_bottleneck_is_named(digits):
    train, test = digits
    ae = trained(train, latent=4, encoder=MLP((16,), output_activation="relu"))
    with torch.no_grad():
        ae.module_.encoder.layers[-1].bias.copy_(torch.tensor([-100.0, -100.0, -100.0, 5.0]))
    found = kinds(ae.report(test, options=SMALL))
    assert found["dead_bottleneck"].sentence.startswith("3 of 4 bottleneck units are dead")
    assert "constant_code" not in found


def test_an_over_fit_model_is_named_on_rows_and_from_its_history(digits):
    train, test = digits
    ae = trained(train[:40], latent=16, encoder=MLP((256,)), epochs=250, validation=test)
    found = kinds(ae.report(test, X_train=train[:40], options=SMALL))
    assert found["over_fit"].sentence.startswith("over-fit: the error on held-out samples is")
    # The history tells it too, where training rows are not given.
    assert "over_fit" in kinds(ae.report(test, options=SMALL))


def test_a_linear_model_in_disguise_is_named(digits):
    train, test = digits
    ae = trained(train, latent=2, encoder=MLP(()), epochs=150, lr=1e-2)
    finding = kinds(ae.report(test, X_train=train, options=SMALL))["linear_in_disguise"]
    assert finding.sentence.startswith("PCA with 2 components reconstructs as well")
    assert "PCA was fitted to" not in finding.sentence
    # Rows that PCA is fitted to and the model may not have seen are no fair ground.
    alone = kinds(ae.report(test, options=SMALL))
    assert any(
        f.sentence.endswith("if the model was trained on others, give them as X_train.")
        for f in alone.values()
    )


def test_a_layer_narrower_than_the_code_is_named(digits):
    train, test = digits
    found = kinds(trained(train, latent=8, encoder=MLP((3,))).report(test, options=SMALL))
    assert (
        "layer 1 of the encoder has 3 units and is narrower than the code (8"
        in found["narrow_layer"].sentence
    )
    assert "than the input (64 features)" in found["narrow_layer"].sentence


def test_a_model_that_has_learnt_nothing_is_named(digits):
    train, test = digits
    ae = trained(train, epochs=1, lr=1e-12, encoder=MLP())
    found = kinds(ae.report(test, options=SMALL))
    assert found["not_better_than_untrained"].severity == "severe"
    assert found["not_better_than_mean"].severity == "severe"


def test_a_diverged_model_is_named(digits):
    train, test = digits
    ae = Autoencoder(training=Training(epochs=3, lr=1e30), random_state=0)
    with pytest.raises(DivergedError):
        ae.fit(train)
    assert kinds(ae.report(test, options=SMALL))["diverged"].severity == "severe"


def test_an_interrupted_training_is_named(digits):
    train, test = digits
    ae = trained(train, epochs=1)
    ae.status_ = "interrupted"
    assert "interrupted" in kinds(ae.report(test, options=SMALL))


def test_rows_that_are_not_finite_are_counted_and_left_out(digits):
    class Broken(PCA):
        def transform(self, X):
            Z = super().transform(X)
            Z[:5] = np.nan
            return Z

    train, test = digits
    report = health_report(Broken(2).fit(train), test, X_train=train, options=SMALL)
    assert kinds(report)["not_finite"].sentence.startswith("5 of 300 samples")
    assert report.figures.errors["model"].mse == pytest.approx(report.figures.errors["pca"].mse)


def test_a_model_of_nan_only_still_gets_a_report(digits):
    train, test = digits
    ae = trained(train, epochs=1, encoder=MLP())
    with torch.no_grad():
        ae.module_.encoder.layers[0].bias.fill_(float("nan"))
    report = ae.report(test, options=SMALL)
    assert list(kinds(report)) == ["not_finite"]
    assert report.to_dict()["figures"]["errors"]["model"]["mse"] is None
    assert "300 of 300 samples" in str(report)
    assert "<h1>" in report.to_html()


def worth_a_warning(report):
    """Two dimensions cannot hold the digits, so that notes on samples and on what is lost are right."""
    known = {"samples_told_apart", "samples_leave_out", "little_explained"}
    return [f for f in report.findings if f.severity != "note" or f.kind not in known]


def test_the_default_on_digits_gets_no_warning_in_a_short_training():
    X = load_digits().data / 16
    train, test = X[:1400], X[1400:]
    ae = Autoencoder(latent=2, training=Training(epochs=40), random_state=0).fit(train, validation=test)
    assert worth_a_warning(ae.report(test, X_train=train, options=SMALL)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_the_default_on_digits_gets_no_warning(seed):
    X = load_digits().data / 16
    order = np.random.default_rng(seed).permutation(len(X))
    train, test = X[order[360:]], X[order[:360]]
    ae = Autoencoder(latent=2, random_state=seed).fit(train, validation=test)
    assert worth_a_warning(ae.report(test, X_train=train, options=SMALL)) == []
    assert worth_a_warning(Autoencoder(latent=2, random_state=seed).fit(X).report(X, options=SMALL)) == []


GOOD = Figures(
    "a model",
    dim=2,
    n_features=10,
    rows={"judged": 100},
    errors={"model": Errors(1.0, 0.1, 0.2), "pca": Errors(2.0, 0.2, 0.3), "mean": Errors(4.0, 0.4, 0.5)},
    is_network=True,
    pca_components=2,
    latent=Latent((1.0, 1.0), 2, 2.0, 2.0, ()),
    course=TrainingFigures(loss=tuple(1 + 9 * 0.5**i for i in range(50)), status="finished"),
)


def change(**parts):
    return dataclasses.replace(GOOD, **parts)


def squared(**values):
    return {"errors": {**GOOD.errors, **{name: Errors(v, v / 10, 0.0) for name, v in values.items()}}}


def course(**columns):
    return {"course": dataclasses.replace(GOOD.course, **columns)}


def latent(**columns):
    return {"latent": dataclasses.replace(GOOD.latent, **columns)}


def curve(end):
    """A validation curve that falls to 1 at epoch 40 and ends at a value."""
    return (*np.linspace(2, 1, 40).tolist(), *[end] * 10)


THRESHOLDS = {
    "not_finite": (change(not_finite=1), GOOD),
    "diverged": (change(**course(status="diverged")), GOOD),
    "interrupted": (change(**course(status="interrupted")), GOOD),
    "not_better_than_mean": (change(**squared(mean=1.02)), change(**squared(mean=1.03))),
    "not_better_than_untrained": (change(**squared(untrained=1.02)), change(**squared(untrained=1.03))),
    "posterior_collapse": (change(**latent(kl=(0.0099, 1))), change(**latent(kl=(0.01, 1)))),
    "dead_bottleneck": (change(**latent(dead=(0,))), GOOD),
    "constant_code": (change(**latent(variance=(1, 1e-6))), change(**latent(variance=(1, 1.1e-6)))),
    "narrow_layer": (
        change(**latent(layers=(Layer("1 of the encoder", 1, 0),))),
        change(**latent(layers=(Layer("1 of the encoder", 2, 0),))),
    ),
    "dead_layers": (
        change(**latent(layers=(Layer("1 of the encoder", 100, 91),))),
        change(**latent(layers=(Layer("1 of the encoder", 100, 90),))),
    ),
    "over_fit": (
        change(train_errors={"model": Errors(0.49, 0.049, 0.0)}),
        change(train_errors={"model": Errors(0.5, 0.05, 0.0)}),
    ),
    "validation_rises": (
        change(**course(val_reconstruction=curve(1.06))),
        change(**course(val_reconstruction=curve(1.04))),
    ),
    "linear_in_disguise": (change(**squared(pca=1.02)), change(**squared(pca=1.03))),
    "worse_than_pca": (change(**squared(pca=0.95)), change(**squared(pca=0.96))),
    "not_finished": (
        change(**course(loss=(10, 5, 4, 1))),
        change(**course(loss=(10, 1.1, 1.0))),
    ),
}


def test_every_finding_has_its_thresholds_tested_and_stated():
    assert set(THRESHOLDS) == set(FINDINGS) - {each.kind for each in RANGES}
    assert all(rule.__doc__ for rule in FINDINGS.values())
    assert find(GOOD) == ()


@pytest.mark.parametrize("kind", THRESHOLDS)
def test_a_finding_appears_on_one_side_of_its_threshold_only(kind):
    above, below = THRESHOLDS[kind]
    assert FINDINGS[kind](above) is not None
    assert FINDINGS[kind](below) is None


def test_early_stopping_has_gone_back_so_nothing_rises():
    assert find(change(**course(val_reconstruction=curve(5.0), best_kept=True))) == ()
    named = find(change(**course(val_reconstruction=curve(5.0), reconstruction=(4.0,))))
    assert [f.kind for f in named] == ["validation_rises"]
    assert "has risen since epoch 40" in named[0].sentence


def test_a_penalised_model_that_pca_beats_is_worth_a_note_only():
    terms = (Term("reconstruction", 1.0, 1.0, ""), Term("kl", 1.0, 1.0, "nats"))
    (finding,) = find(change(terms=terms, **squared(pca=0.5)))
    assert (finding.kind, finding.severity) == ("worse_than_pca", "note")
    (finding,) = find(change(**squared(pca=0.5)))
    assert finding.severity == "warning"


def test_severe_findings_come_first():
    found = find(change(not_finite=1, **squared(pca=1.0), **course(status="interrupted")))
    assert [f.severity for f in found] == ["severe", "warning", "warning"]


def test_a_constant_code_is_named_by_rows():
    class Constant(PCA):
        def transform(self, X):
            Z = super().transform(X)
            Z[:, 1] = 3.0
            return Z

    X = np.random.default_rng(0).normal(size=(60, 4))
    found = kinds(health_report(Constant(2).fit(X), X, options=SMALL))
    assert found["constant_code"].sentence.startswith(
        "1 of 2 dimensions of the code is the same for every sample"
    )
