"""What stands between counts and networks, whose numbers are of order one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .. import functional as F


class CountScale(nn.Module):
    """Counts go in as their logarithm, standardised; what comes out is added to the logarithm of the mean counts.

    So a network meets counts of any size alike, and an output of zero stands for the mean of every feature. The
    numbers are learnt from rows once and are not trained.

    Parameters
    ----------
    n_features : int

    Attributes
    ----------
    offset, scale : Parameter, shape (*models, n_features)
        Mean and standard deviation of log(1 + x).
    log_mean : Parameter, shape (*models, n_features)
        Logarithm of the mean of x.

    Examples
    --------
    >>> counts = CountScale(1)
    >>> rows = torch.tensor([[0.0], [200.0]])
    >>> counts.learn(rows, rows)
    >>> counts.enter(rows).flatten()
    tensor([-1.,  1.])
    >>> counts.leave(torch.zeros(1, 1)).exp()
    tensor([[100.0000]])
    """

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.zeros(n_features), requires_grad=False)
        self.scale = nn.Parameter(torch.ones(n_features), requires_grad=False)
        self.log_mean = nn.Parameter(torch.zeros(n_features), requires_grad=False)

    def learn(self, rows: Tensor, targets: Tensor, weight: Tensor | None = None) -> None:
        """Take the numbers from counts that go in and those that are to come out, (n, n_features) each.

        A feature without any count is treated as one with half a count in all. Rows count by their weights (n,), where
        they have some.
        """
        with torch.no_grad():
            logs, targets = rows.double().log1p(), targets.double()
            counts = None if weight is None else weight.double()
            mean, mean_target = (F.weighted_mean(v, counts, by_feature=True) for v in (logs, targets))
            spread = logs.std(0, correction=0)
            if counts is not None:
                spread = F.weighted_mean((logs - mean).square(), counts, by_feature=True).sqrt()
            self.offset.copy_(mean)
            self.scale.copy_(torch.where(spread > 0, spread, torch.ones_like(spread)))
            self.log_mean.copy_(mean_target.clamp(min=0.5 / len(targets)).log())

    def enter(self, x: Tensor) -> Tensor:
        """Counts (*models, batch, n_features) as the encoder sees them; what noise made negative is zero."""
        return (x.clamp(min=0).log1p() - self.offset.unsqueeze(-2)) / self.scale.unsqueeze(-2)

    def leave(self, output: Tensor) -> Tensor:
        """The logarithm of rates that an output of the decoder stands for."""
        return output + self.log_mean.unsqueeze(-2)
