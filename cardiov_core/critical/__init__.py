"""Critical results: rule sets that say which findings must reach a person at once, and which of them an ECG meets."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
