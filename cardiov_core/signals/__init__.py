"""What the signal itself says: heart beats and the quality of leads."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
