"""What runs networks beside PyTorch, which stays the reference: OpenVINO, converted once and kept in a cache."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
