"""The rivals' trainings of one architecture.

Each gives a function that finds its loss, a mean over rows of sums over features, once the clock has stopped.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import logging
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

ACTIVATIONS = {"relu": nn.ReLU, "prelu": nn.PReLU}
Score = Callable[[], float]


@dataclass(frozen=True)
class Task:
    """What is trained.

    Attributes
    ----------
    X : array of shape (n, widths[0]), float32
    widths : tuple of int
        From the data to the code.
    activation : str
    batch, epochs : int
    lr : float
    bernoulli : bool
        Cross-entropy on logits; else squared error.
    threads : int
        What is best for a bare loop.
    """

    X: np.ndarray
    widths: tuple[int, ...]
    activation: str
    batch: int
    epochs: int
    lr: float = 1e-3
    bernoulli: bool = False
    threads: int = 1

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return self.epochs * -(-len(self.X) // self.batch)

    def network(self) -> nn.Sequential:
        """Encoder and mirrored decoder in plain PyTorch."""
        layers: list[nn.Module] = []
        for half in (self.widths, self.widths[::-1]):
            for a, b in itertools.pairwise(half):
                layers += [nn.Linear(a, b), ACTIVATIONS[self.activation]()]
            layers.pop()
        return nn.Sequential(*layers)

    def loss(self, output: Tensor, x: Tensor) -> Tensor:
        """The mean over rows of the loss summed over features."""
        if self.bernoulli:
            return nn.functional.binary_cross_entropy_with_logits(output, x, reduction="sum") / len(x)
        return (output - x).square().sum(-1).mean()

    def judge(self, network: nn.Module) -> float:
        """The loss over all rows."""
        with torch.no_grad():
            rows = torch.from_numpy(self.X)
            return float(self.loss(network(rows), rows))


def ours(task: Task, compiled: bool = False, precision: str = "float32") -> Score:
    """This package."""
    from diabolo import MLP, Autoencoder, Training

    training = Training(
        epochs=task.epochs,
        batch_size=task.batch,
        lr=task.lr,
        schedule="constant",
        compile=compiled,
        precision=precision,
    )
    encoder = MLP(task.widths[1:-1], activation=task.activation)
    loss = "bernoulli" if task.bernoulli else "squared"
    model = Autoencoder(
        task.widths[-1], encoder=encoder, reconstruction=loss, training=training, scaling=None, verbose=False
    )
    model.fit(task.X)
    return lambda: -model.score(task.X)


def bare(task: Task) -> Score:
    """The fastest loop that a person would write by hand: data in memory, logits, fused Adam, the best threads."""
    torch.set_num_threads(task.threads)
    rows, model = torch.from_numpy(task.X), task.network()
    optimizer = torch.optim.Adam(model.parameters(), lr=task.lr, fused=True)
    for _ in range(task.epochs):
        order = torch.randperm(len(rows))
        for start in range(0, len(rows), task.batch):
            x = rows[order[start : start + task.batch]]
            loss = task.loss(model(x), x)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
    return lambda: task.judge(model)


def course(task: Task) -> Score:
    """As courses write it: a sigmoid and then the cross-entropy, Adam as it comes, the loss read at each step."""
    torch.set_num_threads(max(1, torch.get_num_threads(), task.threads))
    rows, model = torch.from_numpy(task.X), task.network()
    whole = nn.Sequential(*model, nn.Sigmoid()) if task.bernoulli else model
    measure = nn.BCELoss() if task.bernoulli else nn.MSELoss()
    optimizer, losses = torch.optim.Adam(whole.parameters(), lr=task.lr), []
    for _ in range(task.epochs):
        order = torch.randperm(len(rows)).numpy()
        for start in range(0, len(rows), task.batch):
            x = rows[order[start : start + task.batch]]
            optimizer.zero_grad()
            loss = measure(whole(x), x)
            loss.backward()
            optimizer.step()
            losses.append(float(loss))
    return lambda: task.judge(model)


def with_lightning(task: Task) -> Score:
    """Lightning as the courses use it: a loader of inputs and targets, and the loss kept at each step."""
    import lightning
    from torch.utils.data import DataLoader, TensorDataset

    torch.set_num_threads(task.threads)
    net = task.network()

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net, self.losses = net, list[float]()

        def training_step(self, batch: Any, number: int) -> Tensor:
            x, y = batch
            loss = task.loss(self.net(x), y)
            self.losses.append(loss.item())
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=task.lr)

    rows = torch.from_numpy(task.X)
    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    with silence():
        trainer = lightning.Trainer(max_epochs=task.epochs, accelerator="cpu", **quiet)
        trainer.fit(Module(), DataLoader(TensorDataset(rows, rows), task.batch, shuffle=True))
    return lambda: task.judge(net)


def with_skorch(task: Task) -> Score:
    """skorch's regressor without validation."""
    from skorch import NeuralNetRegressor

    torch.set_num_threads(task.threads)
    net = NeuralNetRegressor(
        task.network(),
        criterion=nn.BCEWithLogitsLoss if task.bernoulli else nn.MSELoss,
        optimizer=torch.optim.Adam,
        lr=task.lr,
        max_epochs=task.epochs,
        batch_size=task.batch,
        train_split=None,
        iterator_train__shuffle=True,
        verbose=0,
    )
    net.fit(task.X, task.X)
    return lambda: task.judge(net.module_)


def with_sklearn(task: Task) -> None:
    """scikit-learn's regressor: squared error and one activation throughout, so its loss cannot be compared."""
    from sklearn.neural_network import MLPRegressor

    hidden = (*task.widths[1:], *task.widths[-2:0:-1])
    model = MLPRegressor(
        hidden_layer_sizes=hidden, batch_size=task.batch, learning_rate_init=task.lr, max_iter=task.epochs
    )
    model.fit(task.X, task.X)


def with_pyod(task: Task) -> None:
    """pyod's autoencoder: squared error, and no learnt slopes, so its loss cannot be compared."""
    from pyod.models.auto_encoder import AutoEncoder

    torch.set_num_threads(task.threads)
    with silence():
        AutoEncoder(
            lr=task.lr,
            epoch_num=task.epochs,
            batch_size=task.batch,
            hidden_neuron_list=list(task.widths[1:]),
            hidden_activation_name="leaky_relu" if task.activation == "prelu" else "relu",
            batch_norm=False,
            dropout_rate=0.0,
            device="cpu",
            verbose=0,
        ).fit(task.X)


def with_pythae(task: Task, beta: float | None = None) -> Score | None:
    """pythae's autoencoder (squared error), or its beta-VAE (Bernoulli), whose loss is compared."""
    from pythae.models import AE, AEConfig, BetaVAE, BetaVAEConfig
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae_nets import decoder, encoder

    torch.set_num_threads(task.threads)
    shape, code = {"input_dim": (1, task.widths[0]), "latent_dim": task.widths[-1]}, beta is not None
    parts = {"encoder": encoder(task, code), "decoder": decoder(task, code)}
    with silence(), tempfile.TemporaryDirectory() as folder:
        if beta is None:
            model = AE(AEConfig(**shape), **parts)
        else:
            model = BetaVAE(BetaVAEConfig(beta=beta, reconstruction_loss="bce", **shape), **parts)
        settings = BaseTrainerConfig(
            output_dir=folder,
            learning_rate=task.lr,
            per_device_train_batch_size=task.batch,
            num_epochs=task.epochs,
            optimizer_cls="Adam",
            no_cuda=True,
        )
        rows = _PythaeRows(task.X)
        BaseTrainer(model, rows, training_config=settings).train()
    if beta is None:
        return None
    return lambda: float(model({"data": torch.from_numpy(task.X).unsqueeze(1)}).loss.detach())


class _PythaeRows(torch.utils.data.Dataset):
    """What pythae's trainer takes: mappings with ``data``."""

    def __init__(self, X: np.ndarray) -> None:
        self.rows = torch.from_numpy(X).unsqueeze(1)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i: int) -> Any:
        from pythae.data.datasets import DatasetOutput

        return DatasetOutput(data=self.rows[i], labels=torch.zeros(()))


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """No output of rivals that talk."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(before)
