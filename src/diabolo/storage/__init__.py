"""Everything that is written to disk: whole or not at all, and read without running code.

Read :mod:`.atomic` first. A saved model is :mod:`.format` and :mod:`.model`, a training that goes on
:mod:`.checkpoints` and :mod:`.lock`, rows that are written as they are computed :mod:`.sinks`.
"""
