"""Figures of the paper that ours stand beside, in one place.

Wei G, Di X, Zhang W, et al. Estimating critical values from electrocardiogram using a deep ordinal convolutional neural
network. BMC Med Inform Decis Mak 22, 295 (2022). Its test set are the 2203 records of PTB-XL's fold 10.
"""

from collections.abc import Mapping
from types import MappingProxyType

PAPER_SOURCE = "Wei et al. 2022, BMC Med Inform Decis Mak 22:295"
"""Stands wherever a figure of it is shown."""

PAPER_N = 2203
"""Records of its test set (Implementation details)."""

PAPER_MAE = 0.4934
"""Mean absolute error in the table of the ablations."""

PAPER_MAE_ABSTRACT = 0.4984
"""Mean absolute error in its abstract and introduction; the paper does not say why they differ."""

PAPER_AUC: Mapping[str, float] = MappingProxyType(
    {"no": 0.9289, "low": 0.8421, "medium": 0.8330, "high": 0.8894, "mean": 0.8735}
)
"""Area under the ROC curve of each level, and their mean."""

PAPER_ABLATIONS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "ordinal": MappingProxyType({"mae": PAPER_MAE, "auc": PAPER_AUC["mean"]}),
        "classification": MappingProxyType({"mae": 0.5247, "auc": 0.8673}),
        "regression": MappingProxyType({"mae": 0.5811}),
    }
)
"""The paper's three outputs on one network; it states no AUC for the regression."""

PAPER_SUBGROUPS = "no difference by sex, and better under 65 years than from 65 years on"
"""What the paper finds in its subgroups, in words."""

PAPER_SUBTYPES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "men": MappingProxyType({"mae": 0.4686, "auc": 0.8777}),
        "women": MappingProxyType({"mae": 0.5197, "auc": 0.8676}),
        "under 65 years": MappingProxyType({"mae": 0.3882, "auc": 0.8701}),
        "65 years and over": MappingProxyType({"mae": 0.6108, "auc": 0.8537}),
    }
)
"""Mean absolute error and mean AUC of its Table 5, by the names of our own subgroups."""

PAPER_FAR_MISSES, PAPER_FAR_MISSES_DISTORTED = 15, 9
"""Test records that the paper grades three levels off, and those of them in which it sees drift or high-frequency noise
(Case study)."""
