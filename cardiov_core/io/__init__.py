"""From files to records: one reader a format, chosen by content, errors in plain words."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
