"""Parts: small frozen values that say what an autoencoder is made of.

A :class:`Part` is a frozen dataclass whose fields are declared with :func:`setting`. The declaration
is the one source of validation, of the command line's options and help, of a saved model's JSON, of
the paths that ``set_params`` and grid search use, and of labels. A :class:`Family` is the explicit
table of the parts of one kind. :mod:`.part` is the file to read first.

Neither PyTorch nor scikit-learn is imported here, so that a mistyped setting is answered at once.
"""

from ..moved import Unstackable as Unstackable
from .component import Component, Widths
from .family import Family, get_path, set_path
from .part import Part, settings
from .setting import Setting, part, setting

__all__ = [
    "Component",
    "Family",
    "Part",
    "Setting",
    "Widths",
    "get_path",
    "part",
    "set_path",
    "setting",
    "settings",
]
