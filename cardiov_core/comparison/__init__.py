"""Two ECGs of one person: whose they are, which came first, and what is new, gone, changed or unchanged."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
