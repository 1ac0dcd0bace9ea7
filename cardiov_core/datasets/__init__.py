"""Records with known content: PTB-XL and LUDB as published, and synthetic ECGs."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
