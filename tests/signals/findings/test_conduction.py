"""The form of bundle branches by the waves of single leads."""

from dataclasses import replace

from cardiov_core.signals.findings.conduction import left_form, right_form
from cardiov_core.signals.wave.lead_waves import LeadWaves

BROAD_S = LeadWaves(r_mv=0.8, r_ms=60.0, s_mv=0.4, s_ms=60.0, last_mv=-0.4)


def test_a_late_r_in_v1_with_a_broad_s_is_right() -> None:
    v1 = LeadWaves(r_mv=0.7, r_ms=90.0, r1_mv=0.2, r2_mv=0.7, s_mv=0.3, last_mv=0.7, r_peak_ms=95.0)
    assert right_form({"V1": v1, "V6": BROAD_S}) == ("V1", "V6")


def test_a_small_r_behind_a_deep_qs_is_not_right() -> None:
    """As V1 of left bundle branch block looks where the complex ends a little above the line."""
    v1 = LeadWaves(q_mv=2.6, q_ms=110.0, r_mv=0.17, r_ms=14.0, r1_mv=0.17, last_mv=0.17, r_peak_ms=146.0)
    assert right_form({"V1": v1, "V6": BROAD_S}) == ()
    # qR of an infarct beside the block: a tall R after a q of its size.
    assert right_form({"V1": replace(v1, q_mv=0.3, r_mv=0.6), "V6": BROAD_S}) == ("V1", "V6")


def test_a_q_that_is_small_beside_its_r_is_none() -> None:
    v1 = LeadWaves(r_mv=0.1, s_mv=2.0)
    one = LeadWaves(r_mv=2.1, r_ms=110.0, r_peak_ms=64.0)
    avl = LeadWaves(q_mv=0.09, q_ms=22.0, r_mv=2.3, r_ms=106.0, r_peak_ms=66.0)
    assert left_form({"V1": v1, "I": one, "aVL": avl}) == ("V1", "I", "aVL")
    assert left_form({"V1": v1, "I": one, "aVL": replace(avl, q_mv=0.2)}) == ()
