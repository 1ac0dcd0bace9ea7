"""Weights and their cards: the only room that opens a weights file.

A grader is two files side by side: ``<name>.safetensors`` (tensors only, nothing that could run) and ``<name>.json``,
the model card, which carries the checksum, the architecture, the input contract and what each output means, so that
nobody can pair a network with another filter. A third, ``<name>.oof.csv``, holds the out-of-fold predictions of the
records that trained it. The delineator, which grades nothing, lies in a folder of its own,
and so does the statement head.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
