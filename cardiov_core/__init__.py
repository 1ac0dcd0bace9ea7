"""CardioV: the critical value of a 12-lead ECG, with the reasons for it.

The public names; torch, pandas and wfdb are imported when a name that needs them is first used.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
