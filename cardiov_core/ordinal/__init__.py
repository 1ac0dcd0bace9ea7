"""Ordinal coding of critical values: thresholds in, exceedances out (paper, Eq. 1 to 6).

A network answers three questions, whether the level is above no, above low and above medium risk. Three independent
answers can contradict each other (a higher threshold more probable than a lower one), and the paper's Eq. 6 then
gives negative probabilities; as printed it is also wrong. Here the contradiction is repaired openly by the running
minimum, the repaired amount is returned, and with p the repaired exceedances the level probabilities are
1 - p0, p0 - p1, p1 - p2 and p2.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
