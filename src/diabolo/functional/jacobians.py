"""Derivatives of codes by inputs."""

from __future__ import annotations

import torch
from torch import Tensor


def squared_jacobian_norm(z: Tensor, x: Tensor, create_graph: bool = True) -> Tensor:
    r"""Squared Frobenius norm of each row's Jacobian: sum_jk (d z_k / d x_j)^2.

    One backward pass for each of the ``dim`` columns of z. A row of z must depend on its own row of x alone.

    Parameters
    ----------
    z : Tensor, shape (*models, batch, dim)
        Computed from x under autograd.
    x : Tensor, shape (*models, batch, features)
        The input, which requires a gradient.
    create_graph : bool
        Whether the result can be differentiated in its turn.

    Returns
    -------
    Tensor, shape (*models, batch)

    Raises
    ------
    ValueError
        If z was not computed from x under autograd.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    >>> squared_jacobian_norm(x.square(), x).detach()  # diag(2, 4)
    tensor([20.])
    """
    if not (x.requires_grad and z.requires_grad):
        raise ValueError(
            f"a code {tuple(z.shape)} computed from an input {tuple(x.shape)} that requires a gradient was "
            "expected, got one without; run the pass under torch.enable_grad with x.requires_grad_()."
        )
    total = torch.zeros(z.shape[:-1], dtype=z.dtype, device=z.device)
    for k in range(z.shape[-1]):
        pick = torch.zeros_like(z)
        pick[..., k] = 1.0
        (row,) = torch.autograd.grad(z, x, pick, retain_graph=True, create_graph=create_graph)
        total = total + row.square().sum(-1)
    return total
