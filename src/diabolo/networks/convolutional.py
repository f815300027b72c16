"""Convolutional networks: the specification and its plan of sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..errors import DataError, SettingError
from ..parts import part, setting
from .base import BuildContext, Network
from .names import ACTIVATIONS, INITIALISERS

if TYPE_CHECKING:
    import torch
    from torch import nn

    from ..data.domain import Domain

DEFAULT_CHANNELS = (32, 64, 128)


@dataclass(frozen=True)
class Stage:
    """One convolution of the encoder; the decoder runs it backwards, transposed.

    Attributes
    ----------
    channels : tuple of int
        Before and after.
    before, after : tuple of int
        Height and width of the picture.
    kernel, stride, padding : tuple of int
        Along height and width.
    """

    channels: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]

    @property
    def output_padding(self) -> tuple[int, int]:
        """Pixels that the strides left over: with them a transposed convolution gives back the exact size."""
        axes = zip(self.before, self.after, self.kernel, self.stride, self.padding, strict=True)
        left = [size - ((small - 1) * stride - 2 * pad + k) for size, small, k, stride, pad in axes]
        return left[0], left[1]

    def convolution(self) -> nn.Module:
        """The layer that does it, without first weights: torch would draw them from its global generator."""
        from torch import nn

        sizes = {"stride": self.stride, "padding": self.padding}
        return nn.utils.skip_init(nn.Conv2d, *self.channels, self.kernel, **sizes)

    def transposed(self) -> nn.Module:
        """The layer that gives back the sizes, without first weights."""
        from torch import nn

        sizes = {"stride": self.stride, "padding": self.padding, "output_padding": self.output_padding}
        return nn.utils.skip_init(nn.ConvTranspose2d, *self.channels[::-1], self.kernel, **sizes)


@part
class Convolutional(Network):
    """Strided convolutions, then an affine map to the code; the decoder is the same backwards.

    Rows are flat and are taken as pictures of ``image_shape``, as grey squares, or else as one-dimensional
    signals, for which the convolution is one-dimensional too. Any height and width will do: an axis that is
    down to one pixel is left alone. The decoder's convolutions are transposed ones, whose output padding
    makes up for what the strides left over: each gives back exactly the size that its mirror image got.

    Parameters
    ----------
    channels : tuple of int or None
        Channels after each convolution of the encoder, ``()`` for none. None is (32, 64, 128), or as many of
        them as it takes to come down to one pixel.
    kernel : int, default 3
        Length of the kernels along each axis, at least ``stride``.
    stride : int, default 2
        Factor by which each convolution reduces each axis.
    activation : str, default "relu"
        After each hidden layer; a name of :data:`diabolo.networks.ACTIVATIONS`.
    output_activation : str, default "none"
        After the last layer.
    init : str, default "torch"
        How weights start; a name of :data:`diabolo.networks.INITIALISERS`, with fans as torch counts them.
        The decoder's last layer always starts as torch does.

    Raises
    ------
    SettingError
        If the kernel is shorter than the stride; at build, if the picture is down to one pixel before the
        last of the stated convolutions.

    References
    ----------
    J. Masci et al., Stacked Convolutional Auto-Encoders for Hierarchical Feature Extraction, ICANN 2011,
    doi:10.1007/978-3-642-21735-7_7.
    V. Dumoulin, F. Visin, A guide to convolution arithmetic for deep learning, 2016, arXiv:1603.07285
    (output padding: relationship 14).

    Examples
    --------
    >>> from diabolo.data.domain import Domain
    >>> [stage.after for stage in Convolutional((8, 16, 32)).stages(Domain(784))]
    [(14, 14), (7, 7), (4, 4)]
    """

    stackable: ClassVar[bool] = False

    channels: tuple[int, ...] | None = setting(
        default=None, doc="Channels after each convolution.", ge=1, size=True
    )
    kernel: int = setting(default=3, doc="Length of the kernels along each axis.", ge=1, size=True)
    stride: int = setting(
        default=2, doc="Factor by which each convolution reduces each axis.", ge=1, size=True
    )
    activation: str = setting(default="relu", doc="Function after each hidden layer.", choices=ACTIVATIONS)
    output_activation: str = setting(
        default="none", doc="Function after the last layer.", choices=ACTIVATIONS
    )
    init: str = setting(default="torch", doc="How weights start.", choices=INITIALISERS)

    def check(self) -> None:
        if isinstance(self.kernel, int) and self.kernel < self.stride:
            raise SettingError(
                f"Convolutional: kernel {self.kernel} is shorter than stride {self.stride} and would skip "
                f"pixels; give kernel={self.stride} or more."
            )

    def stages(self, domain: Domain) -> tuple[Stage, ...]:
        """The convolutions for rows of a domain, from the picture to the last feature maps.

        Raises
        ------
        SettingError
            If the picture is down to one pixel before the last of the stated convolutions.
        DataError
            If rows do not have as many numbers as the picture.
        """
        channels, height, width = domain.picture
        if channels * height * width != domain.n_features:
            raise DataError(
                f"pictures of shape {domain.picture} have {channels * height * width} numbers, got rows of "
                f"{domain.n_features}; say image_shape=(channels, height, width)."
            )
        size, found = (height, width), list[Stage]()
        for after in DEFAULT_CHANNELS if self.channels is None else self.channels:
            if size == (1, 1):
                if self.channels is None:
                    break
                raise SettingError(
                    f"Convolutional: {len(self.channels)} convolutions are too many for pictures of "
                    f"{height} x {width}, which are down to one pixel after {len(found)}; "
                    f"give channels={self.channels[: len(found)]} or fewer."
                )
            found.append(self._stage((channels, after), size))
            channels, size = after, found[-1].after
        return tuple(found)

    def _stage(self, channels: tuple[int, int], before: tuple[int, int]) -> Stage:
        half = (self.kernel - 1) // 2
        kernel, stride, padding = zip(
            *((self.kernel, self.stride, half) if length > 1 else (1, 1, 0) for length in before), strict=True
        )
        axes = zip(before, kernel, stride, padding, strict=True)
        rows, columns = ((length + 2 * pad - k) // step + 1 for length, k, step, pad in axes)
        return Stage(channels, before, (rows, columns), kernel, stride, padding)

    def feature_maps(self, domain: Domain) -> tuple[int, int, int]:
        """Channels, height and width after the last convolution."""
        stages = self.stages(domain)
        return (stages[-1].channels[1], *stages[-1].after) if stages else domain.picture

    def mirrored(self) -> Convolutional:
        return self.replace(output_activation="none")

    def build(self, io: BuildContext, generator: torch.Generator) -> nn.Module:
        from .convolutions import ConvolutionalDecoder, ConvolutionalEncoder, start
        from .layers import Dense, make_activation

        stages, maps = self.stages(io.domain), self.feature_maps(io.domain)
        rules = [self.init] * len(stages)
        activations = [
            make_activation(name) for name in (*[self.activation] * len(stages), self.output_activation)
        ]
        if io.role == "encoder":
            convolutions = [stage.convolution() for stage in stages]
            dense = Dense(math.prod(maps), io.n_out)
            start([*convolutions, dense], [*rules, self.init], generator)
            return ConvolutionalEncoder(io.domain.picture, convolutions, dense, activations)
        transposed = [stage.transposed() for stage in reversed(stages)]
        dense = Dense(io.n_in, math.prod(maps))
        start([dense, *transposed], [*rules, "torch"], generator)
        return ConvolutionalDecoder(maps, dense, transposed, activations)
