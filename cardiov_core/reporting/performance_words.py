"""What each figure of an evaluation shows, in a sentence: the same in the report and on the page."""

from collections.abc import Mapping
from types import MappingProxyType

from cardiov_core.evaluation.paper import PAPER_N, PAPER_SOURCE

FIGURE_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "auc": "How often a record of the level scores above one of another level; 0.5 is chance. Diamonds: the "
        f"paper's, on {PAPER_N} records of PTB-XL's test fold after training on all of PTB-XL ({PAPER_SOURCE}): other "
        "records than ours.",
        "roc": "Sensitivity against 1 - specificity of each level against the rest as the threshold moves; the shaded "
        "band is the 95\u2009% interval of the sensitivity at each point, the dashed line is chance. The cross is the "
        "alarm that the grades themselves raise: the most probable level is given, whatever a miss costs, so where the "
        "level is rare the cross lies far down.",
        "confusion": "How many records of each label (rows) got each grade (columns); the deeper the colour, the "
        "larger the share of the label. On the diagonal both say the same. The table has each share with its "
        "interval.",
        "subgroups": "Figures by sex and age with 95\u2009% intervals; groups differ in how many records of each level "
        "they hold, so that another figure need not mean that the model treats them otherwise.",
        "reliability": "Stated probability against the share that came true in ten bins of equal width, with its "
        "95\u2009% interval (by patient; Wilson's where all records of a bin had the same outcome); on the dashed line "
        "the probabilities can be taken at their word. Grey bars: how many records the bin holds.",
    }
)
