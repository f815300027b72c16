"""What is known of the rows that a model works on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import DataError

#: Fewer features are taken for a picture only where pictures are asked for: 16 columns of a table are a square too.
SMALLEST_GUESS = 64


def square_picture(n_features: int, least: int = 1) -> tuple[int, int, int] | None:
    """The grey square that rows of unknown shape make: (1, side, side); None where they make none.

    Parameters
    ----------
    n_features : int
    least : int, default 1
        Fewer features make none: :data:`SMALLEST_GUESS` where nobody has said that rows are pictures.

    Examples
    --------
    >>> square_picture(64), square_picture(63), square_picture(16, SMALLEST_GUESS)
    ((1, 8, 8), None, None)
    """
    side = math.isqrt(n_features)
    return (1, side, side) if side * side == n_features >= least else None


@dataclass(frozen=True)
class Domain:
    """The rows as the model sees them, after scaling: their width, their picture shape, their range.

    Attributes
    ----------
    n_features : int
        Numbers in a row.
    image_shape : tuple of int or None
        (channels, height, width) when a row is a picture.
    low, high : float
        Smallest and largest value of the training rows.
    """

    n_features: int
    image_shape: tuple[int, int, int] | None = None
    low: float = 0.0
    high: float = 1.0

    @property
    def picture(self) -> tuple[int, int, int]:
        """The picture shape: as stated, else a grey square, else a one-dimensional signal (1, 1, width)."""
        if self.image_shape is not None:
            return self.image_shape
        return square_picture(self.n_features) or (1, 1, self.n_features)

    def require_picture(self, who: str) -> tuple[int, int, int]:
        """The picture shape, for what makes sense for pictures only.

        Raises
        ------
        DataError
            If rows are no pictures: no shape was stated and the width is not a perfect square.
        """
        channels, height, width = self.picture
        if height == 1 and self.image_shape is None:
            raise DataError(
                f"{who} needs pictures, got rows of {self.n_features} numbers with no image_shape; "
                "say image_shape=(channels, height, width)."
            )
        return channels, height, width
