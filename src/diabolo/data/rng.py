"""Random numbers keyed by what they are for.

A generator is made from (seed, purpose, epoch, block), so nothing has to be saved to go on after a stop, and
a model in a stack draws what it would draw alone.
"""

from __future__ import annotations

import hashlib

import torch


def generator(
    seed: int, purpose: str, epoch: int = 0, block: int = 0, device: torch.device | str = "cpu"
) -> torch.Generator:
    """A fresh generator for one purpose.

    Parameters
    ----------
    seed : int
        The model's seed.
    purpose : str
        Such as "order", "weights" or the name of a corruption.
    epoch, block : int
        Counted from 0.
    device : torch.device or str
        Where numbers are drawn. Other kinds of device give other numbers.

    Examples
    --------
    >>> a, b = (torch.rand(2, generator=generator(7, "order", epoch=e)) for e in (0, 1))
    >>> bool((a == b).any())
    False
    """
    # PyTorch's CPU generator looks at 32 bits of its seed only, so the key is hashed into them.
    key = f"{seed}/{purpose}/{epoch}/{block}".encode()
    number = int.from_bytes(hashlib.blake2b(key, digest_size=4).digest(), "little")
    return torch.Generator(device=device).manual_seed(number)
