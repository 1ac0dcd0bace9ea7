"""CardioV for other programs: a file in, its analysis or its report out, over HTTP."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
