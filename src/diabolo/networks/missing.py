"""What stands between rows with missing values and networks, which compute with numbers only."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FillMissing(nn.Module):
    """Missing values (NaN) go in as the mean of their feature, which is learnt from rows once and is not trained.

    Parameters
    ----------
    n_features : int

    Attributes
    ----------
    mean : Parameter, shape (*models, n_features)
        Mean of the observed values.

    Examples
    --------
    >>> filling = FillMissing(2)
    >>> filling.learn(torch.tensor([[1.0, float("nan")], [3.0, 5.0]]))
    >>> filling.enter(torch.tensor([[float("nan"), 4.0]]))
    tensor([[2., 4.]])
    """

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(n_features), requires_grad=False)

    def learn(self, rows: Tensor, weight: Tensor | None = None) -> None:
        """Take the means from rows (n, n_features), which count by their weights (n,), where they have some."""
        counts = (~rows.isnan()).double()
        if weight is not None:
            counts = counts * weight.double().unsqueeze(-1)
        sums = (rows.double().nan_to_num() * counts).sum(0)
        with torch.no_grad():
            self.mean.copy_(sums / counts.sum(0).clamp(min=torch.finfo(torch.float64).tiny))

    def enter(self, x: Tensor) -> Tensor:
        """Rows (*models, batch, n_features) with the means in place of what is missing."""
        return x.where(~x.isnan(), self.mean.unsqueeze(-2))
