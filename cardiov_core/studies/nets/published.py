"""What the PTB-XL benchmark published of each network on each task (its Tables I, III and IV, fold 10).

Macro AUC; of age the mean absolute error in years on all records, of sex the AUC on all records (Strodthoff et al.
2021, doi:10.1109/JBHI.2020.3022989), trained on eight folds of 21,837 records.
"""

from collections.abc import Mapping

SOURCE = "Strodthoff et al. 2021, doi:10.1109/JBHI.2020.3022989, Tables I, III and IV"

_TASKS = ("all", "diagnostic", "subdiagnostic", "superdiagnostic", "form", "rhythm")
_TABLE_I: Mapping[str, tuple[float, ...]] = {
    "inception1d": (0.925, 0.931, 0.930, 0.921, 0.899, 0.953),
    "xresnet1d101": (0.925, 0.937, 0.929, 0.928, 0.896, 0.957),
    "resnet1d_wang": (0.919, 0.936, 0.928, 0.930, 0.880, 0.946),
    "fcn_wang": (0.918, 0.926, 0.927, 0.925, 0.869, 0.931),
    "lstm": (0.907, 0.927, 0.928, 0.927, 0.851, 0.953),
    "lstm_bidir": (0.914, 0.932, 0.923, 0.921, 0.876, 0.949),
    "wavelet_nn": (0.849, 0.855, 0.859, 0.874, 0.757, 0.890),
    "ensemble": (0.929, 0.939, 0.933, 0.934, 0.907, 0.965),
}
_AGE_MAE: Mapping[str, float] = {
    "inception1d": 7.16,
    "xresnet1d101": 7.35,
    "resnet1d_wang": 7.17,
    "fcn_wang": 7.28,
    "lstm": 7.54,
    "lstm_bidir": 7.42,
    "ensemble": 7.12,
}
_SEX_AUC: Mapping[str, float] = {
    "inception1d": 0.916,
    "xresnet1d101": 0.920,
    "resnet1d_wang": 0.909,
    "fcn_wang": 0.909,
    "lstm": 0.911,
    "lstm_bidir": 0.908,
    "ensemble": 0.928,
}
# Another publication: S4 with 512 channels (Mehari and Strodthoff 2022, arXiv:2211.07579).
_OTHERS: Mapping[tuple[str, str], float] = {("s4d", "all"): 0.941}


def published_figure(net: str, task: str) -> float | None:
    """Return the published figure of a network on a task, None where there is none."""
    if task in _TASKS and net in _TABLE_I:
        return _TABLE_I[net][_TASKS.index(task)]
    if task == "age":
        return _AGE_MAE.get(net)
    if task == "sex":
        return _SEX_AUC.get(net)
    return 0.5 if net == "naive" and task in _TASKS else _OTHERS.get((net, task))
