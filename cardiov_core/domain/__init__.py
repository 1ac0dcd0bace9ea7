"""The values that flow through CardioV: frozen dataclasses without I/O.

file -> EcgRecord -> Quality, Measurements, findings -> prepared input -> network -> Prediction -> page.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
