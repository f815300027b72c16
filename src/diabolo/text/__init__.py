"""Text that is put together: tables in plain letters, and docstrings that share what is the same for many."""

from .docstrings import complete
from .tables import aligned

__all__ = ["aligned", "complete"]
