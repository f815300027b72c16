"""Rows on their way in: checked, looked over once, scaled, shuffled, cut into batches, fetched ahead.

Read :mod:`.domain` and :mod:`.checks` first, then :mod:`.summary`, :mod:`.scaling` and :mod:`.batches`; for rows that
do not fit into memory there are :mod:`.memmap`, :mod:`.streams`, :mod:`.chunks`, :mod:`.shuffle` and :mod:`.prefetch`.
"""
