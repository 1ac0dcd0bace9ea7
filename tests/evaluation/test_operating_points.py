import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score

from cardiov_core.domain import Severity
from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation.metrics import confusion_matrix
from cardiov_core.evaluation.operating_points import OPERATING_POINTS, Alarm, alarm_at, missed_high_risk

GENERATOR = np.random.default_rng(4)
labels, levels = GENERATOR.integers(0, 4, 300), GENERATOR.integers(0, 4, 300)


@pytest.mark.parametrize("level", OPERATING_POINTS.values())
def test_alarms_are_those_of_scikit_learn(level: Severity) -> None:
    alarm = alarm_at(confusion_matrix(labels, levels), level)
    truth, given = labels >= level, levels >= level
    assert alarm.sensitivity == pytest.approx(recall_score(truth, given))
    assert alarm.specificity == pytest.approx(recall_score(truth, given, pos_label=False))
    assert alarm.ppv == pytest.approx(precision_score(truth, given))
    assert alarm.npv == pytest.approx(precision_score(truth, given, pos_label=False))
    assert alarm.prevalence == pytest.approx(truth.mean())
    # At their own prevalence Bayes' theorem gives the counted values back.
    assert alarm.predictive_values_at(alarm.prevalence) == pytest.approx((alarm.ppv, alarm.npv))


def test_predictive_values_at_another_prevalence_by_hand() -> None:
    # Sensitivity 0.9, specificity 0.9: of 1000 with 10 ill, 9 rightly alarmed and 99 wrongly.
    alarm = Alarm(true_positive=9, false_positive=1, false_negative=1, true_negative=9)
    ppv, npv = alarm.predictive_values_at(0.01)
    assert ppv == pytest.approx(9 / 108)
    assert npv == pytest.approx(891 / 892)
    with pytest.raises(ConfigurationError, match="prevalence of 1"):
        alarm.predictive_values_at(1.0)


def test_what_no_record_defines_is_not_a_number() -> None:
    alarm = alarm_at(confusion_matrix([0, 0], [0, 1]), Severity.HIGH_RISK)
    assert np.isnan(alarm.sensitivity)
    assert np.isnan(alarm.ppv)
    assert alarm.specificity == alarm.npv == 1.0


def test_high_risk_graded_no_or_low_is_counted() -> None:
    assert missed_high_risk(confusion_matrix([3, 3, 3, 3, 0], [0, 1, 2, 3, 0])) == (2, 4)
