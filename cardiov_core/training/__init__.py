"""Training: recipes, augmentation, the two stages, cross-validation, weights with their card; and the delineator's."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
