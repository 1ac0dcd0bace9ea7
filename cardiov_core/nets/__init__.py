"""Networks: named architectures, built by `build_net`, listed by `list_nets`."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
