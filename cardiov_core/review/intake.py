"""Cases come in, with their grade, their waveform and their priority; grades that were shown, and opinions on them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from cardiov_core.domain import (
    Analysis,
    CaseReference,
    CaseSource,
    CaseStatus,
    EcgRecord,
    EventKind,
    JsonObject,
    Prediction,
    Quality,
    Reason,
    Severity,
    texts,
)
from cardiov_core.errors import ReviewError
from cardiov_core.evaluation import priority_of
from cardiov_core.review.audit import append_event, now, prediction_values
from cardiov_core.review.database.rows import TableRow, clean, one_at_a_time
from cardiov_core.review.database.schema import cases
from cardiov_core.review.database.store import Store
from cardiov_core.review.database.waveforms import StoredWaveform, coarse_age, keep, pack
from cardiov_core.review.patients import patient_checksum
from cardiov_core.review.people import DEFAULT_STUDY, MAX_NAME, ensure_study

_MAX_TEXT, _MAX_PATH = 200, 1000
_SHUFFLE_BITS = 31


@dataclass(frozen=True, eq=False)
class NewCase:
    """A record that comes into the review, with the grade that it has.

    Attributes
    ----------
    record : EcgRecord
        As read; its waveform is kept without anything of the patient but age and sex.
    prediction : Prediction or None
        The grade; None where it was withheld.
    quality : Quality
        Verdict of the gate.
    source : CaseSource
        How it comes in. Who brings it from the Analyse page has seen the grade and will read it unblinded.
    label : Severity or None
        The original label.
    reference : CaseReference
        Where the record was found.
    reasons : tuple of str
        Why it comes, or what decided.
    disagreement : Reason or None
        Who says what, where graders differ; stands among the case's reasons, too.
    study : str
        Made with the default settings where it is new.
    """

    record: EcgRecord
    prediction: Prediction | None
    quality: Quality
    source: CaseSource
    label: Severity | None = None
    reference: CaseReference = field(default_factory=CaseReference)
    reasons: tuple[str, ...] = ()
    disagreement: Reason | None = None
    study: str = DEFAULT_STUDY


def put_case(store: Store, new: NewCase, by: str) -> tuple[str, bool]:
    """Take a record into the review.

    Parameters
    ----------
    store : Store
        An open store.
    new : NewCase
        What comes in.
    by : str
        Who brings it.

    Returns
    -------
    id : str
        Of the case. A record that the study has already keeps its case and the grade that it came with; another grade
        of it is added as an event.
    is_new : bool
        Whether the study did not have the record yet.

    Raises
    ------
    StoreUnavailableError
        If the database cannot be written.
    ReviewError
        If the study has no name.
    """
    study = new.study
    if not 0 < len(study.strip()) <= MAX_NAME:
        raise ReviewError(
            f"A study needs a name of 1 to {MAX_NAME} characters.", f"Name one, or leave it out for {DEFAULT_STUDY!r}."
        )
    stored = pack(new.record)
    record_id = clean(new.record.record_id, _MAX_TEXT)
    with store.writing() as connection:
        ensure_study(connection, study)
        # Two people may send the same record at once.
        one_at_a_time(connection, f"case|{study}|{record_id}")
        known = connection.execute(
            sa.select(cases).where(
                cases.c.study == study,
                cases.c.record_id == record_id,
                cases.c.waveform_sha256 == stored.sha256,
            )
        ).first()
        case_id = _insert(connection, record_id, new, stored) if known is None else _renew(connection, known, new, by)
        if known is None or new.source is CaseSource.ANALYZE:
            _log_arrival(connection, case_id, new, stored, by)
    return case_id, known is None


def _insert(connection: sa.Connection, record_id: str, new: NewCase, stored: StoredWaveform) -> str:
    """Add a record that the study does not have; return the new case."""
    case_id = secrets.token_hex(5)
    keep(connection, stored)
    patient_key = patient_checksum(connection, new.record.patient_id)
    connection.execute(sa.insert(cases).values(**_columns(case_id, record_id, new, stored), patient_key=patient_key))
    return case_id


def _renew(connection: sa.Connection, known: TableRow, new: NewCase, by: str) -> str:
    """Add to a case what it does not know yet: another grade, or that graders differ; return the case."""
    case_id: str = known.id
    if new.prediction is not None and new.prediction.model_sha256 != known.model_sha256:
        _regrade(connection, case_id, new.prediction, by)
    if new.disagreement is not None and not known.graders_disagree:
        _flag(connection, case_id, known.reasons, new.disagreement)
    return case_id


def _log_arrival(connection: sa.Connection, case_id: str, new: NewCase, stored: StoredWaveform, by: str) -> None:
    prediction = new.prediction
    append_event(
        connection,
        by,
        EventKind.CASE_SENT if new.source is CaseSource.ANALYZE else EventKind.CASE_ADDED,
        case_id,
        after=prediction_values(prediction)
        | {"label": None if new.label is None else int(new.label), "source": new.source.value},
        model="" if prediction is None else clean(prediction.model_name, _MAX_TEXT),
        model_sha256="" if prediction is None else prediction.model_sha256,
        record_sha256=new.record.provenance.sha256 or None,
        waveform_sha256=stored.sha256,
    )


def _flag(connection: sa.Connection, case_id: str, known: Sequence[str], disagreement: Reason) -> None:
    """Let a case that is there already say that graders differ."""
    flagged = sa.update(cases).where(cases.c.id == case_id)
    connection.execute(flagged.values(graders_disagree=True, reasons=[*known, disagreement.text]))


def _columns(new_id: str, record_id: str, new: NewCase, stored: StoredWaveform) -> dict[str, object]:
    """Return the columns of a new case."""
    record, label, place, differ = new.record, new.label, new.reference, new.disagreement
    return _grade_columns(new.prediction, label) | {
        "id": new_id,
        "study": new.study,
        "source": new.source.value,
        "record_id": record_id,
        "dataset": clean(place.dataset, _MAX_TEXT),
        "ecg_id": clean(place.ecg_id, _MAX_TEXT),
        "path": clean(place.path, _MAX_PATH),
        "label": None if label is None else int(label),
        "quality_verdict": new.quality.verdict.value,
        "quality_reasons": list(texts(new.quality.reasons)),
        "reasons": list(dict.fromkeys((*new.reasons, *([] if differ is None else [differ.text])))),
        "graders_disagree": differ is not None,
        "age": coarse_age(record.age),
        "sex": record.sex,
        "status": CaseStatus.OPEN.value,
        "priority": priority_of(label, new.prediction, new.quality.verdict),
        "created_at": now(),
        "record_sha256": record.provenance.sha256,
        "waveform_sha256": stored.sha256,
        "n_reads": 0,
        "n_blind": 0,
        "gap": -1,
        "indeterminate": False,
        "shuffle": secrets.randbits(_SHUFFLE_BITS),
    }


def _grade_columns(prediction: Prediction | None, label: Severity | None) -> dict[str, object]:
    if prediction is None:
        nothing = dict.fromkeys(("level", "probabilities", "exceedance", "prediction_set"))
        return nothing | {
            "error": -1,
            "rank_violation": 0.0,
            "model_name": "",
            "model_sha256": "",
            "out_of_fold": False,
        }
    chosen = prediction.prediction_set
    return {
        "level": int(prediction.severity),
        "error": -1 if label is None else abs(int(label) - int(prediction.severity)),
        "probabilities": list(prediction.probabilities),
        "exceedance": list(prediction.exceedance),
        "prediction_set": None if chosen is None else [int(level) for level in chosen],
        "rank_violation": float(prediction.rank_violation),
        "model_name": clean(prediction.model_name, _MAX_TEXT),
        "model_sha256": prediction.model_sha256,
        "out_of_fold": prediction.out_of_fold,
    }


def _regrade(connection: sa.Connection, case_id: str, prediction: Prediction, by: str) -> None:
    row = connection.execute(
        sa.select(cases.c.level, cases.c.model_name, cases.c.model_sha256).where(cases.c.id == case_id)
    ).one()
    append_event(
        connection,
        by,
        EventKind.CASE_REGRADED,
        case_id,
        before={"level": row.level, "model": row.model_name, "model_sha256": row.model_sha256},
        after=prediction_values(prediction),
        model=prediction.model_name,
        model_sha256=prediction.model_sha256,
    )


@dataclass(frozen=True)
class ShownGrade:
    """What the audit notes of a grade that somebody was shown; nothing of the ECG itself.

    Attributes
    ----------
    values : dict
        The grade, as `prediction_values`.
    model, model_sha256 : str
        The grader.
    waveform_sha256 : str
        Checksum of the waveform as the review stores it.
    record_sha256 : str or None
        Checksum of the record's files; None where there are none.
    """

    values: JsonObject
    model: str
    model_sha256: str
    waveform_sha256: str
    record_sha256: str | None

    @classmethod
    def of(cls, analysis: Analysis) -> "ShownGrade | None":
        """Return what is to be noted of an analysis; None where it has no grade."""
        record, prediction = analysis.record, analysis.prediction
        if prediction is None:
            return None
        return cls(
            prediction_values(prediction),
            prediction.model_name,
            prediction.model_sha256,
            pack(record).sha256,
            record.provenance.sha256 or None,
        )


def log_grades_shown(store: Store, shown: Sequence[ShownGrade], by: str, *, where: str = "") -> None:
    """Note that somebody was shown grades: who reads these records later reads them unblinded.

    Parameters
    ----------
    store : Store
        An open store.
    shown : sequence of ShownGrade
        What was shown.
    by : str
        Who saw it.
    where : str
        'batch' for the list of a batch; empty for an open record.
    """
    if not shown:
        return
    with store.writing() as connection:
        for grade in shown:
            append_event(
                connection,
                by,
                EventKind.GRADE_SHOWN,
                after={**grade.values, **({"in": where} if where else {})},
                model=grade.model,
                model_sha256=grade.model_sha256,
                record_sha256=grade.record_sha256,
                waveform_sha256=grade.waveform_sha256,
            )


def log_opinion(
    store: Store, analysis: Analysis, *, agree: bool, by: str, level: Severity | None = None, reason: str = ""
) -> None:
    """Note that somebody agrees or disagrees with a grade.

    Parameters
    ----------
    store : Store
        An open store.
    analysis : Analysis
        What was shown.
    agree : bool
        Whether they agree.
    by : str
        Who.
    level : Severity, optional
        Their own level, when disagreeing.
    reason : str
        Why; asked for when disagreeing.

    Raises
    ------
    ReviewError
        If there is no grade, or a disagreement has no reason.
    """
    if analysis.prediction is None:
        raise ReviewError("There is no level to agree with.", "Send the record to review to give a level of your own.")
    if not agree and not reason.strip():
        raise ReviewError("A disagreement needs a reason.", "Say in a few words why.")
    own: JsonObject = {"agree": agree, "own_level": None if level is None else int(level), "reason": clean(reason)}
    waveform = pack(analysis.record).sha256
    with store.writing() as connection:
        append_event(
            connection,
            by,
            EventKind.OPINION_GIVEN,
            after=prediction_values(analysis.prediction) | own,
            model=analysis.prediction.model_name,
            model_sha256=analysis.prediction.model_sha256,
            record_sha256=analysis.record.provenance.sha256 or None,
            waveform_sha256=waveform,
        )
