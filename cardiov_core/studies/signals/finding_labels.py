"""Which labels of CinC, LUDB and PTB-XL stand for which rule, and what each label means."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cardiov_core.datasets.labelled import AXIS_LABEL, Source


@dataclass(frozen=True)
class Comparison:
    """Which findings answer to which labels.

    Attributes
    ----------
    name : str
        The rule, with its variant in brackets where there are several.
    topic : str
        What Table 4 of the paper calls it, where it has it.
    findings : tuple of str
        Codes of findings: present where any is, absent where all are, otherwise not measurable.
    labels : mapping of str to frozenset of str
        Source -> labels that stand for it; a source without an entry does not label it.
    meaning : str
        What the label means, and where it departs from the rule.
    needs : mapping of str to str
        Source -> a label without which a record says nothing on the matter and is left out.
    """

    name: str
    topic: str
    findings: tuple[str, ...]
    labels: Mapping[Source, frozenset[str]]
    meaning: str
    needs: Mapping[Source, str] = field(default_factory=dict)


def _labels(*, cinc: str = "", ludb: str = "", ptbxl: str = "") -> dict[Source, frozenset[str]]:
    """Write labels as lists with semicolons; a source without labels has no entry."""
    texts: dict[Source, str] = {"CinC": cinc, "LUDB": ludb, "PTB-XL": ptbxl}
    return {source: frozenset(part.strip() for part in text.split(";")) for source, text in texts.items() if text}


_AXIS_NEEDS: dict[Source, str] = {"LUDB": "electric axis of the heart", "PTB-XL": AXIS_LABEL}
_AXIS_MEANING = "The stated axis; PTB-XL and LUDB records without a stated axis are left out."
_LEFT = _labels(
    cinc="39732003",
    ludb="electric axis of the heart: left axis deviation",
    ptbxl=f"{AXIS_LABEL}:LAD; {AXIS_LABEL}:ALAD",
)
_RIGHT = _labels(
    cinc="47665007",
    ludb="electric axis of the heart: right axis deviation",
    ptbxl=f"{AXIS_LABEL}:RAD; {AXIS_LABEL}:ARAD",
)
_LVH_FINDINGS = ("lvh_voltage_sokolow_lyon", "lvh_voltage_cornell")

COMPARISONS: tuple[Comparison, ...] = (
    Comparison(
        "bradycardia",
        "bradycardia",
        ("bradycardia",),
        _labels(cinc="426627000; 426177001", ludb="sinus bradycardia", ptbxl="SBRAD"),
        "Bradycardia or sinus bradycardia; slow atrial fibrillation and AV block are seldom labelled so.",
    ),
    Comparison(
        "tachycardia",
        "",
        ("tachycardia",),
        _labels(cinc="427084000", ludb="sinus tachycardia", ptbxl="STACH"),
        "Sinus tachycardia only; the rule also sees fast atrial fibrillation and flutter.",
    ),
    Comparison(
        "irregular rhythm (atrial fibrillation)",
        "",
        ("irregular_rhythm",),
        _labels(cinc="164889003", ludb="atrial fibrillation", ptbxl="AFIB"),
        "Atrial fibrillation only; extrasystoles and sinus arrhythmia are irregular, too.",
    ),
    Comparison(
        "irregular rhythm (any)",
        "",
        ("irregular_rhythm",),
        _labels(
            cinc="164889003; 427393009; 427172004; 17338001; 164884008; 284470004; 63593006",
            ludb=(
                "atrial fibrillation; sinus arrhythmia; irregular sinus rhythm; wandering atrial pacemaker; "
                "ventricular extrasystole; atrial extrasystole"
            ),
            ptbxl="AFIB; SARRH; PVC; PAC; BIGU; TRIGU; PRC(S)",
        ),
        "Atrial fibrillation, sinus arrhythmia or premature beats; a single one need not make a rhythm irregular.",
    ),
    Comparison(
        "left axis deviation (2 leads)",
        "left axis deviation",
        ("left_axis_deviation_2_lead",),
        _LEFT,
        _AXIS_MEANING,
        _AXIS_NEEDS,
    ),
    Comparison(
        "left axis deviation (3 leads)",
        "left axis deviation",
        ("left_axis_deviation_3_lead",),
        _LEFT,
        _AXIS_MEANING,
        _AXIS_NEEDS,
    ),
    Comparison(
        "right axis deviation (2 leads)",
        "right axis deviation",
        ("right_axis_deviation_2_lead",),
        _RIGHT,
        _AXIS_MEANING,
        _AXIS_NEEDS,
    ),
    Comparison(
        "right axis deviation (3 leads)",
        "right axis deviation",
        ("right_axis_deviation_3_lead",),
        _RIGHT,
        _AXIS_MEANING,
        _AXIS_NEEDS,
    ),
    Comparison(
        "low QRS voltage (limb or precordial)",
        "low QRS voltage",
        ("low_qrs_voltage_limb", "low_qrs_voltage_precordial"),
        _labels(cinc="251146004", ptbxl="LVOLT"),
        "Low voltage in any of both groups of leads.",
    ),
    Comparison(
        "low QRS voltage (limb)",
        "low QRS voltage",
        ("low_qrs_voltage_limb",),
        _labels(cinc="251146004", ptbxl="LVOLT"),
        "The same label; PTB-XL's reports mean the limb leads ('periphere Niederspannung').",
    ),
    Comparison(
        "pacing",
        "pacing",
        ("pacing",),
        _labels(cinc="10370003", ludb="pacemaker presence", ptbxl="PACE"),
        "A paced rhythm or a pacemaker; one that does not fire leaves no spike.",
    ),
    Comparison(
        "prolonged PR interval",
        "",
        ("prolonged_pr",),
        _labels(cinc="164947007; 270492004", ludb="i degree av block", ptbxl="1AVB; LPR"),
        "First-degree AV block or prolonged PR.",
    ),
    Comparison(
        "wide QRS",
        "",
        ("wide_qrs",),
        _labels(
            cinc="164909002; 733534002; 59118001; 713427006; 698252002",
            ludb=(
                "complete left bundle branch block; complete right bundle branch block; "
                "non-specific intravintricular conduction delay"
            ),
            ptbxl="CLBBB; CRBBB; IVCD",
        ),
        "Bundle branch block or intraventricular delay; paced and ventricular rhythms are wide without this label, and "
        "a delay may be narrower than 120 ms.",
    ),
    Comparison(
        "prolonged QTc",
        "",
        ("long_qtc",),
        _labels(cinc="111975006", ptbxl="LNGQT"),
        "Prolonged QT in the reader's eye, by an unknown formula.",
    ),
    Comparison(
        "LVH voltage (diagnosis)",
        "",
        _LVH_FINDINGS,
        _labels(cinc="164873001", ludb="left ventricular hypertrophy", ptbxl="LVH"),
        "A cardiologist's left ventricular hypertrophy, which is not voltage alone (axis, ST-T, history).",
    ),
    Comparison(
        "LVH voltage (voltage criteria)",
        "",
        _LVH_FINDINGS,
        _labels(ptbxl="VCLVH; LVH"),
        "Voltage criteria for, or the diagnosis of, left ventricular hypertrophy.",
    ),
)
