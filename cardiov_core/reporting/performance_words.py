"""What each figure of an evaluation shows, in a sentence: the same in the report and on the page."""

from collections.abc import Mapping
from types import MappingProxyType

from cardiov_core.evaluation.wei2022 import PAPER_N, PAPER_SOURCE

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
        "the probabilities can be taken at their word. Hollow: fewer than five records. Grey bars: how many records "
        "the bin holds.",
    }
)

HOW_TO_READ: Mapping[str, str] = MappingProxyType(
    {
        "Label and grade": "The label is the critical value of the statement to which PTB-XL's cardiologists gave the "
        "highest likelihood; the grade is the level that the model finds most probable.",
        "Mean absolute error": "By how many levels (of four) the grade is off on average; 0 is perfect.",
        "Quadratic-weighted kappa": "Agreement beyond chance, with far misses counting more than near ones; 1 is "
        "perfect, 0 is chance.",
        "AUC": "How often an ECG with the level (or above the threshold) gets a higher probability of it than one "
        "without; 1 is perfect, 0.5 is chance. It does not depend on how frequent the level is.",
        "PPV and NPV": "The share of alarms that are right, and of silences that are right. Both depend on how "
        "frequent the level is where the model is used, and so change with every ward.",
        "Brier score, ECE": "How far the stated probabilities are from what came true; 0 is perfect.",
        "Contradicting thresholds": "The model asks 'above no risk?', 'above low?' and 'above medium?'; where a later "
        "question was answered more surely than an earlier one, the answers were repaired before the level was read.",
        "Out-of-fold": "An ECG that trained the model is graded by a copy that was trained without its patient.",
    }
)
"""Terms of a report, for who does not compute them every day."""
