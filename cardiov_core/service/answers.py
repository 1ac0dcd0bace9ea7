"""What a worker process does for a request: read the files, analyse the record, write JSON or PDF."""

import io
import json
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from cardiov_core.domain import Analysis, EcgRecord, JsonObject
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.inference import analysis_to_dict
from cardiov_core.io import read_uploads
from cardiov_core.reporting import PaperOptions, write_pdf
from cardiov_core.scoring import Scorer
from cardiov_core.signals import Examination

Files = Sequence[tuple[str, bytes]]


class Options(BaseModel):
    """What a request may say beside its files; fields of the form."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rate: float | None = Field(None, gt=0, description="Sampling rate in Hz, for files that do not say it.")
    units: str | None = Field(None, description="mV, uV, V or nV, for files that do not say it.")
    gain_factor: float = Field(
        1.0, gt=0, description="Multiply the signal by it: confirms that a file's gain is wrong."
    )
    start: float | None = Field(None, ge=0, description="Analyse from this second on.")
    analyse_anyway: bool = Field(False, description="Give a level even where the quality gate withholds it.")


class AnalyzeOptions(Options):
    """Options of an analysis."""

    explain: bool = Field(False, description="Add where the network looked, and what the measurements speak for.")


class ReportOptions(Options):
    """Options of a report."""

    patient_name: str | None = Field(None, max_length=80, description="Printed; none is ever taken from a file.")


def analysis_json(scorer: Scorer, files: Files, options: AnalyzeOptions) -> bytes:
    """Return the object that ``cardiov analyze --json`` prints of the one record in files."""
    examination, analysis = _analysed(scorer, files, options)
    explanation = None
    if options.explain and analysis.prediction is not None:
        # The level on show may be the out-of-fold one, which the shipped network need not predict.
        wanted = int(analysis.prediction.severity)
        explanation = scorer.predictor.explain(examination, target=wanted, start_s=options.start)
    document: JsonObject = analysis_to_dict(analysis, explanation, card=scorer.predictor.card)
    return json.dumps(document, ensure_ascii=False, allow_nan=False).encode()


def report_pdf(scorer: Scorer, files: Files, options: ReportOptions) -> bytes:
    """Return the page that ``cardiov report`` writes of the one record in files."""
    _, analysis = _analysed(scorer, files, options)
    start_s = options.start or (analysis.prediction.window.start_s if analysis.prediction is not None else 0.0)
    page = io.BytesIO()
    write_pdf(
        analysis,
        scorer.predictor.card,
        page,
        options=PaperOptions(start_s=start_s),
        patient_name=options.patient_name,
    )
    return page.getvalue()


def name_of(scorer: Scorer) -> str:
    """Return the grader's name: what a process says once it is ready."""
    return scorer.predictor.name


def _analysed(scorer: Scorer, files: Files, options: Options) -> tuple[Examination, Analysis]:
    examination = Examination(_only_record(files, options))
    return examination, scorer.judged(examination, start_s=options.start, analyse_anyway=options.analyse_anyway)


def _only_record(files: Files, options: Options) -> EcgRecord:
    uploads = read_uploads(
        files, sampling_rate=options.rate, units=options.units, gain_factor=options.gain_factor, apart=True
    )
    for upload in uploads:
        if upload.error is not None:
            raise upload.error
    records = [upload.record for upload in uploads if upload.record is not None]
    if len(records) != 1:
        raise RecordUnsupportedError(
            f"The request holds {len(records)} records, not one.", "Send the files of one record per request."
        )
    return records[0]
