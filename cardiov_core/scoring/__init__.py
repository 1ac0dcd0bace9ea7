"""Archives of records: many at once in worker processes, resumable, into Parquet."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
