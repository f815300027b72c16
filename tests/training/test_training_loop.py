"""The loop against plain PyTorch written by hand, and what it promises about weights, history and stopping."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from diabolo import (
    KL,
    MLP,
    SGD,
    Adam,
    AdamW,
    Autoencoder,
    Custom,
    EarlyStopping,
    Gaussian,
    GaussianNoise,
    Training,
)
from diabolo.checks import example_rows
from diabolo.data.batches import block_steps, split_blocks
from diabolo.data.rng import generator
from diabolo.errors import DataError, DivergedError
from diabolo.model import Model

X = example_rows(90, 6).astype(np.float64)
SMALL = MLP((5,), activation="tanh")


def _fit(training, rows=X, latent=2, **more):
    more = {"encoder": SMALL, "random_state": 0} | more
    return Autoencoder(latent=latent, training=training, **more).fit(rows)


def _rows(ae):
    return [p.detach().clone() for p in ae.module_.parameters()]


def _plain_torch(ae, training, X, corruption=None):
    """The same training as a person would write it, with the same first weights, order and noise."""
    domain, parts = ae.module_.domain, ae.module_.parts
    model = Model(parts, domain, generator(ae.seed_, "weights")).to(torch.float64)
    optimizer = training(model.parameters())
    x, size = torch.from_numpy(X), 16
    for epoch in range(3):
        order = torch.randperm(len(x), generator=generator(ae.seed_, "order", epoch))
        for number, (first, steps, rows) in enumerate(
            split_blocks(len(x), size, block_steps(size, 6), False)
        ):
            g = generator(ae.seed_, "gaussian_noise" if corruption else "latent", epoch, number)
            if corruption:
                noise = parts.corruption[0].draw((steps, rows), domain, g)["normal"].double()
            else:
                noise = torch.randn((steps, rows, parts.latent.dim), generator=g).double()
            for s in range(steps):
                batch = x[order[first + s * rows : first + (s + 1) * rows]]
                seen = (batch + corruption * noise[s]) if corruption else batch
                h = model.encoder(seen)[0]
                z = h[:, :2] + (0.5 * h[:, 2:]).exp() * noise[s] if isinstance(parts.latent, Gaussian) else h
                output = model.decoder(z)[0]
                loss = ((output - batch) ** 2).sum(1).mean()
                if isinstance(parts.latent, Gaussian):
                    mean, log_v = h[:, :2], h[:, 2:]
                    loss = loss + 0.5 * (0.5 * (mean**2 + log_v.exp() - 1 - log_v)).sum(1).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return [p.detach() for p in model.parameters()]


@pytest.mark.parametrize(
    ("spec", "theirs"),
    [
        (Adam(), lambda p: torch.optim.Adam(p, lr=0.01)),
        (AdamW(decay=0.1), lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1)),
        (SGD(0.9), lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9)),
    ],
    ids=["adam", "adamw", "sgd"],
)
@pytest.mark.parametrize("kind", ["plain", "noisy", "variational"])
def test_a_plain_torch_loop_learns_the_same_weights(spec, theirs, kind):
    training = Training(
        epochs=3, batch_size=16, lr=0.01, optimizer=spec, schedule="constant", precision="float64"
    )
    more = {
        "plain": {},
        "noisy": {"corruption": GaussianNoise(0.2, clip=False)},
        "variational": {"latent": Gaussian(2), "penalties": KL(0.5)},
    }[kind]
    ae = _fit(training, **more)
    wanted = _plain_torch(ae, theirs, X, 0.2 if kind == "noisy" else None)
    for ours, other in zip(_rows(ae), wanted, strict=True):
        # Eighteen steps of float64 roundings in another order of operations.
        torch.testing.assert_close(ours, other, rtol=1e-9, atol=1e-11)


def test_all_rows_in_a_batch_is_gradient_descent():
    training = Training(
        epochs=4, batch_size=None, lr=0.02, optimizer="sgd", schedule="constant", precision="float64"
    )
    ae = _fit(training)
    model = Model(ae.module_.parts, ae.module_.domain, generator(ae.seed_, "weights")).double()
    x = torch.from_numpy(X)
    for _ in range(4):
        loss = ((model.decoder(model.encoder(x)[0])[0] - x) ** 2).sum(1).mean()
        grads = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for p, g in zip(model.parameters(), grads, strict=True):
                p -= 0.02 * g
    for ours, other in zip(_rows(ae), model.parameters(), strict=True):
        torch.testing.assert_close(ours, other.detach(), rtol=1e-10, atol=1e-12)
    assert len(ae.history_.steps["loss"]) == 4


def test_the_loss_of_an_epoch_weighs_batches_by_their_rows():
    ae = _fit(Training(epochs=2, batch_size=40, precision="float64"))
    steps = ae.history_.steps["loss"].reshape(2, 3).astype(float)
    expected = (steps * [40, 40, 10]).sum(1) / 90
    # Steps are kept in float32.
    np.testing.assert_allclose(ae.history_["loss"], expected, rtol=1e-6)


def test_the_total_is_the_weighted_sum_of_the_terms_with_warm_up():
    ae = _fit(
        Training(epochs=5, batch_size=30),
        latent=Gaussian(2),
        penalties=KL(3, warmup=4),
        reconstruction="gaussian",
    )
    h = ae.history_
    np.testing.assert_allclose(h["weight_kl"], [0, 0.75, 1.5, 2.25, 3])
    np.testing.assert_allclose(h["loss"], h["reconstruction"] + h["weight_kl"] * h["kl"], rtol=1e-5)


def test_a_smaller_last_batch_is_left_out_when_asked():
    kept = _fit(Training(epochs=1, batch_size=40))
    left = _fit(Training(epochs=1, batch_size=40, drop_last=True))
    assert (len(kept.history_.steps["loss"]), len(left.history_.steps["loss"])) == (3, 2)
    alone = _fit(Training(epochs=1, batch_size=4000, drop_last=True))
    assert len(alone.history_.steps["loss"]) == 1


def test_a_gradient_is_clipped_to_its_norm():
    plain = Training(epochs=1, batch_size=None, lr=1.0, optimizer="sgd", precision="float64")
    start = _rows(_fit(plain.replace(lr=1e-300)))
    for clip in (1e-3, 1e6):
        moved = _rows(_fit(plain.replace(clip_norm=clip)))
        step = torch.cat([(a - b).flatten() for a, b in zip(moved, start, strict=True)]).norm().item()
        free = torch.cat([(a - b).flatten() for a, b in zip(_rows(_fit(plain)), start, strict=True)]).norm()
        # PyTorch's own rule, a little below the norm that was asked for.
        assert step == pytest.approx(min(clip / (free.item() + 1e-6), 1) * free.item(), rel=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_seed_decides_everything(seed):
    training = Training(epochs=3, batch_size=32, validation=0.2)
    a, b = (_fit(training, latent=Gaussian(2), random_state=seed) for _ in range(2))
    assert all(torch.equal(p, q) for p, q in zip(_rows(a), _rows(b), strict=True))
    timeless = [{k: v for k, v in row.items() if k != "seconds"} for row in a.history_.epochs]
    assert timeless == [{k: v for k, v in row.items() if k != "seconds"} for row in b.history_.epochs]
    other = _fit(training, latent=Gaussian(2), random_state=seed + 1)
    assert not torch.equal(_rows(a)[0], _rows(other)[0])


def test_early_stopping_gives_back_the_best_weights():
    seen = []
    # A rate far too high for the end of training makes the validation loss go up and down.
    training = Training(
        epochs=40, batch_size=8, lr=0.1, schedule="constant", early_stopping=EarlyStopping(3), validation=0.3
    )
    model = Autoencoder(encoder=SMALL, training=training, random_state=0)
    model.fit(X, callbacks=[lambda e: seen.append([p.detach().clone() for p in e.model.parameters()])])
    losses = model.history_["val_loss"]
    assert model.status_ == "early_stopped"
    assert len(losses) == losses.argmin() + 1 + 3 < 40
    assert all(torch.equal(p, q) for p, q in zip(_rows(model), seen[losses.argmin()], strict=True))


def test_without_validation_the_training_loss_is_watched():
    stop = EarlyStopping(patience=1, min_delta=1e9)
    assert len(_fit(Training(epochs=9, early_stopping=stop)).history_) == 2


def test_validation_by_share_and_by_rows():
    by_share = _fit(Training(epochs=2, validation=0.25))
    assert {"val_loss", "val_reconstruction"} <= by_share.history_.epochs[0].keys()
    given = Autoencoder(encoder=SMALL, training=Training(epochs=2), random_state=0)
    given.fit(X, validation=X[:20])
    expected = -given.score(X[:20])
    # The loop computes in float32, the score sums in float64.
    assert given.history_["val_loss"][-1] == pytest.approx(expected, rel=1e-5)
    with pytest.raises(DataError, match="90 samples leaves 90 to train on and 0 to validate"):
        _fit(Training(validation=0.001))
    clean = given.fit(X + 0.1, target=X, validation=(X[:20] + 0.1, X[:20]))
    assert clean.history_["val_loss"][-1] < given.history_["val_loss"][0] * 2


def test_snapshots_are_taken_before_the_first_epoch_and_after_each():
    ae = _fit(Training(epochs=3, snapshots=7))
    assert len(ae.history_.snapshots) == 4
    last = ae.history_.snapshots[-1]
    assert (last["codes"].shape, last["reconstructions"].shape) == ((7, 2), (7, 6))
    np.testing.assert_allclose(last["codes"], ae.transform(X[:7]), rtol=1e-4, atol=1e-6)


def test_a_callback_sees_each_epoch_and_can_stop():
    events = []

    def watch(event):
        events.append((event.epoch, event.epochs, event.row["loss"]))
        if event.epoch == 2:
            event.stop()

    ae = Autoencoder(encoder=SMALL, training=Training(epochs=9)).fit(X, callbacks=[watch])
    assert [e[:2] for e in events] == [(1, 9), (2, 9)]
    assert (ae.status_, ae.n_iter_, len(ae.history_)) == ("stopped", 2, 2)


def test_an_error_in_a_callback_leaves_a_usable_estimator():
    def fail(event):
        raise RuntimeError("mine")

    ae = Autoencoder(encoder=SMALL, training=Training(epochs=3))
    with pytest.raises(RuntimeError, match="mine"):
        ae.fit(X, callbacks=[fail])
    assert ae.status_ == "stopped"
    assert not any(p.requires_grad for p in ae.module_.parameters())
    assert np.isfinite(ae.reconstruct(X)).all()


class _Bomb(nn.Module):
    """A linear map that gives infinity at one call."""

    def __init__(self, n_in, n_out, at):
        super().__init__()
        self.map, self.at, self.calls = nn.Linear(n_in, n_out), at, 0

    def forward(self, x):
        self.calls += 1
        return self.map(x) * (float("inf") if self.calls == self.at else 1.0)


@pytest.mark.parametrize("batch", [3, 90])
@pytest.mark.parametrize("at", [2, 3, 32, 33, 34, 35, 65, 66, 70])
def test_a_divergence_names_term_epoch_and_step_and_keeps_good_weights(at, batch):
    encoder = _Bomb(6, 2, at)
    network = Custom(encoder, nn.Linear(2, 6))
    training = Training(epochs=80, batch_size=batch, schedule="constant")
    ae = Autoencoder(encoder=network, training=training, random_state=0)
    per_epoch = -(-90 // batch)
    with pytest.raises(DivergedError, match="the term 'reconstruction' became"):
        ae.fit(X)
    steps = len(ae.history_.steps["loss"])
    # The first call of the copy that is trained only looks at its shape.
    assert steps == at - 2
    assert ae.status_ == "diverged"
    assert ae.n_iter_ == len(ae.history_) == steps // per_epoch
    with pytest.raises(
        DivergedError, match=f"epoch {steps // per_epoch + 1} of 80, step {steps % per_epoch + 1} of"
    ):
        Autoencoder(encoder=network, training=training, random_state=0).fit(X)
    assert np.isfinite(ae.score(X))


@pytest.mark.filterwarnings("ignore::diabolo.errors.PoorFitWarning")
@pytest.mark.parametrize("batch", [3, 30, 90])
def test_weights_of_a_run_that_blows_up_are_finite(batch):
    training = Training(epochs=60, batch_size=batch, lr=1e3, optimizer="sgd", schedule="constant")
    ae = Autoencoder(training=training, random_state=0)
    with pytest.raises(DivergedError, match="last good weights"):
        ae.fit(X)
    assert all(torch.isfinite(p).all() for p in ae.module_.parameters())
    assert np.isfinite(ae.transform(X)).all()
    # Its moments are not gone on with.
    ae.set_params(training__lr=1e-4).partial_fit(X)
    assert np.isfinite(ae.history_["loss"]).all()


def test_the_last_step_is_looked_at_too():
    training = Training(epochs=1, batch_size=None, lr=1e38, optimizer=SGD(), schedule="constant")
    ae = Autoencoder(training=training, scaling=None, random_state=0)
    with pytest.raises(
        DivergedError, match="the weights became NaN or infinite in epoch 1 of 1, step 1 of 1"
    ):
        ae.fit(1e4 * X)
    assert np.isfinite(ae.transform(X)).all()
