"""The printed report, measured in its own coordinates and read as text."""

import hashlib
import io
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pypdf import PdfReader
from pypdf.generic import ContentStream

from cardiov_core.critical import critical_results, load_rule_set
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import (
    STANDARD_LEADS,
    Analysis,
    EcgRecord,
    Finding,
    LeadQuality,
    MachineReading,
    Measurements,
    Panel,
    Quality,
    QualityVerdict,
    Scope,
    Severity,
    SignOff,
)
from cardiov_core.domain.reasons import stored
from cardiov_core.errors import ConfigurationError
from cardiov_core.inference.panel import disagreement_of
from cardiov_core.reporting import PaperOptions, write_pdf, write_trace
from cardiov_core.reporting.trace.display_filter import filter_for_display
from cardiov_core.reporting.trace.paper_options import LAYOUTS
from cardiov_core.weights import ModelCard

MADE_AT = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)
MM = 25.4 / 72
TOLERANCE_MM = 0.1
MINOR, MAJOR = (0.9686, 0.8314, 0.8314), (0.9098, 0.6275, 0.6275)
Make = Callable[..., Analysis]


@dataclass(frozen=True)
class Line:
    """One polyline of a page: colour, and its points in mm."""

    colour: tuple[float, ...]
    points: np.ndarray


def pdf_of(analysis: Analysis, card: ModelCard, **arguments: Any) -> PdfReader:
    buffer = io.BytesIO()
    write_pdf(analysis, card, buffer, **{"created_at": MADE_AT, **arguments})
    return PdfReader(buffer)


@pytest.fixture(scope="module")
def usual(make_analysis: Make, report_card: ModelCard) -> PdfReader:
    """The report with nothing unusual about it."""
    return pdf_of(make_analysis(), report_card)


def text_of(reader: PdfReader) -> str:
    """Return all pages' text with the thin spaces as blanks and line breaks as blanks."""
    text = " ".join(page.extract_text() for page in reader.pages)
    return " ".join(text.replace("\u2009", " ").split())


def lines_of(reader: PdfReader, page: int = 0) -> list[Line]:
    """Return every stroked polyline of a page, in mm of the page."""
    lines: list[Line] = []
    colour: tuple[float, ...] = (0.0,)
    matrix, stack = np.eye(3), []
    points: list[tuple[float, float]] = []
    for operands, operator in ContentStream(reader.pages[page].get_contents(), reader).operations:
        numbers = [float(item) for item in operands if isinstance(item, int | float) or hasattr(item, "as_numeric")]
        if operator == b"q":
            stack.append((matrix, colour))
        elif operator == b"Q":
            matrix, colour = stack.pop()
        elif operator == b"cm":
            a, b, c, d, e, f = numbers
            matrix = np.array([[a, b, 0], [c, d, 0], [e, f, 1]]) @ matrix
        elif operator in (b"RG", b"G"):
            colour = tuple(round(number, 4) for number in numbers)
        elif operator in (b"m", b"l"):
            if operator == b"m" and points:
                lines.append(Line(colour, np.array(points)))
                points = []
            x, y, _ = np.array([*numbers, 1.0]) @ matrix
            points.append((x * MM, y * MM))
        elif operator in (b"S", b"s", b"B", b"f", b"n") and points:
            lines.append(Line(colour, np.array(points)))
            points = []
    return lines


def traces_of(reader: PdfReader, page: int = 0) -> list[np.ndarray]:
    """Return the leads' polylines, in the order of drawing."""
    return [line.points for line in lines_of(reader, page) if len(line.points) > 100]


def test_page_is_a4_landscape(usual: PdfReader) -> None:
    reader = usual
    for page in reader.pages:
        width, height = float(page.mediabox.width) * MM, float(page.mediabox.height) * MM
        assert (width, height) == (pytest.approx(297, abs=0.01), pytest.approx(210, abs=0.01))
    assert len(reader.pages) == 1


def test_grid_lines_are_one_and_five_millimetres_apart(usual: PdfReader) -> None:
    lines = lines_of(usual)
    for axis in (0, 1):
        at = {
            colour: np.unique(
                [round(line.points[0, axis], 2) for line in lines if line.colour == colour and _constant(line, axis)]
            )
            for colour in (MINOR, MAJOR)
        }
        assert np.diff(at[MAJOR]) == pytest.approx(5.0, abs=TOLERANCE_MM)
        together = np.sort(np.concatenate([at[MINOR], at[MAJOR]]))
        assert np.diff(together) == pytest.approx(1.0, abs=TOLERANCE_MM)
        assert together[-1] - together[0] == pytest.approx((270, 110)[axis], abs=TOLERANCE_MM)


def _constant(line: Line, axis: int) -> bool:
    return len(line.points) == 2 and abs(np.ptp(line.points[:, axis])) < 1e-6


@pytest.mark.parametrize(("speed", "gain"), [(25.0, 10.0), (12.5, 5.0), (50.0, 20.0), (25.0, 2.5)])
def test_calibration_pulse_is_one_millivolt_high_and_a_fifth_of_a_second_wide(
    speed: float, gain: float, make_analysis: Make, report_card: ModelCard
) -> None:
    reader = pdf_of(make_analysis(), report_card, options=PaperOptions(speed_mm_s=speed, gain_mm_mv=gain))
    page = 0 if (speed, gain) != (50.0, 20.0) else 1
    pulses = [line.points for line in lines_of(reader, page) if len(line.points) == 6 and line.colour == (0.0,)]
    assert len(pulses) == 4
    for pulse in pulses:
        assert pulse[3, 0] - pulse[1, 0] == pytest.approx(0.2 * speed, abs=TOLERANCE_MM)
        assert np.ptp(pulse[:, 1]) == pytest.approx(gain, abs=TOLERANCE_MM)


@pytest.mark.parametrize(("speed", "gain"), [(25.0, 10.0), (12.5, 5.0)])
def test_a_second_and_a_millivolt_have_their_length_on_paper(
    speed: float, gain: float, make_analysis: Make, report_record: EcgRecord, report_card: ModelCard
) -> None:
    reader = pdf_of(make_analysis(), report_card, options=PaperOptions(speed_mm_s=speed, gain_mm_mv=gain))
    rhythm = traces_of(reader)[-1]
    assert len(rhythm) == 5000, "every sample is drawn"
    # 500 samples are one second.
    assert rhythm[500:, 0] - rhythm[:-500, 0] == pytest.approx(speed, abs=TOLERANCE_MM)
    assert rhythm[-1, 0] - rhythm[0, 0] == pytest.approx(9.998 * speed, abs=TOLERANCE_MM)
    drawn_mv = filter_for_display(report_record.signal, 500.0).signal[report_record.leads.index("II")]
    assert np.ptp(drawn_mv) > 0.5
    assert np.ptp(rhythm[:, 1]) == pytest.approx(gain * np.ptp(drawn_mv), abs=TOLERANCE_MM)
    assert (rhythm[:, 1] - rhythm[0, 1]) == pytest.approx(gain * (drawn_mv - drawn_mv[0]), abs=TOLERANCE_MM)


def test_columns_run_on_in_time(usual: PdfReader) -> None:
    traces = traces_of(usual)
    assert len(traces) == 13
    starts = [trace[0, 0] - traces[-1][0, 0] for trace in traces[:12]]
    assert starts == pytest.approx(np.repeat([0.0, 62.5, 125.0, 187.5], 3), abs=TOLERANCE_MM)


def test_base_line_lies_on_a_line_of_the_grid(usual: PdfReader) -> None:
    lines = lines_of(usual)
    bottom = min(line.points[0, 1] for line in lines if line.colour == MAJOR)
    bases = [line.points[0, 1] for line in lines if len(line.points) == 6 and line.colour == (0.0,)]
    for base in bases:
        assert (base - bottom) % 1.0 == pytest.approx(0.0, abs=0.01) or (base - bottom) % 1.0 > 0.99


@pytest.mark.parametrize(
    ("layout", "gain", "speed"),
    [*((layout, 10.0, 25.0) for layout in LAYOUTS), ("12x1", 20.0, 25.0), ("3x4+1", 10.0, 50.0), ("6x2", 20.0, 12.5)],
)
def test_every_layout_keeps_the_scale_and_shows_every_sample_of_twelve_leads(
    layout: Any, gain: float, speed: float, make_analysis: Make, report_card: ModelCard
) -> None:
    options = PaperOptions(layout=layout, gain_mm_mv=gain, speed_mm_s=speed)
    reader = pdf_of(make_analysis(record=at_100_hz(make_analysis().record)), report_card, options=options)
    samples = 0
    for page in range(len(reader.pages)):
        for trace in traces_of(reader, page):
            assert np.diff(trace[:, 0]) == pytest.approx(speed / 100, abs=1e-4)
            assert trace[:, 0].max() <= 13.5 + 270
            samples += len(trace)
    rhythm = {"3x4+1": 1, "3x4+3": 3}.get(layout, 0)
    assert samples == {"3x4+1": 3000, "3x4+3": 3000, "6x2": 6000, "12x1": 12000}[layout] + 1000 * rhythm
    text = text_of(reader)
    for lead in STANDARD_LEADS:
        assert re.search(rf"\b{lead}\b", text)


def at_100_hz(record: EcgRecord) -> EcgRecord:
    return replace(record, signal=record.signal[:, ::5], sampling_rate=100.0)


def test_cabrera_turns_avr_round(make_analysis: Make, report_card: ModelCard) -> None:
    slow = make_analysis(record=at_100_hz(make_analysis().record))
    standard = traces_of(pdf_of(slow, report_card, options=PaperOptions(layout="12x1")), 1)
    reader = pdf_of(slow, report_card, options=PaperOptions(layout="12x1", lead_order="cabrera"))
    turned = traces_of(reader, 1)[2][:, 1]
    upright = standard[3][:, 1]
    assert turned - turned[0] == pytest.approx(upright[0] - upright, abs=0.01)
    assert "\u2212aVR" in text_of(reader)


def test_says_all_that_a_report_must(usual: PdfReader) -> None:
    text = text_of(usual)
    for wanted in (
        "Research software. Not a medical device. Not for diagnostic use. A qualified clinician must read the ECG.",
        "UNCONFIRMED",
        "25 mm/s · 10 mm/mV · 0.05-150 Hz · 500 Hz · unconfirmed",
        "Level 2",
        "Medium risk, on a scale of 0 to 3",
        "May suggest need for prompt review by a cardiologist.",
        "above no risk 90 %",
        "above low risk 70 %",
        "above medium risk 10 %",
        "No risk 10 %, Low risk 20 %, Medium risk 60 %, High risk 10 %.",
        "90 % prediction set: Medium or High.",
        "Signal quality: acceptable",
        "61 y · female · recorded 2024-02-03 10:20:30 (time zone not stated)",
        f"Grader cardiov-test 1.2.3 · weights SHA-256 {'ab' * 32}",
        f"File SHA-256 {'f1' * 32} · graded 0.00 to 10.00 s",
        "report made 2026-11-21 16:30:00 UTC",
        "CardioV ",
        "Page 1 of 1",
        "Heart rate 7",
        "QTc, Fridericia",
        "Bazett 4",
    ):
        assert wanted in text, wanted
    for unwanted in ("ANALYSED ANYWAY", "Cut off", "Out of fold", "out-of-fold", "continued on", "Patient:", "nan"):
        assert unwanted not in text, unwanted


@pytest.mark.parametrize(
    ("level", "sentence"),
    [(0, "A low level does not rule out disease."), (3, "May suggest need for prompt review by a cardiologist.")],
)
def test_wording_goes_with_the_level(level: int, sentence: str, make_analysis: Make, report_card: ModelCard) -> None:
    shares = tuple(float(index == level) for index in range(4))
    prediction = replace(make_analysis().prediction, severity=Severity(level), probabilities=shares)
    text = text_of(pdf_of(make_analysis(prediction=prediction), report_card))
    assert sentence in text
    assert f"{level} {Severity(level).title}" in text
    assert ("Critical: High risk (level 3)" in text) == (level == 3)


def test_critical_findings_stand_in_a_box_at_the_top(make_analysis: Make, report_card: ModelCard) -> None:
    findings = (
        Finding("wide_qrs", "Wide QRS", "present", "QRS 140 ms; wide from 120 ms.", {"qrs_ms": 140.0}),
        Finding("critical_qtc", "QTc of 500 ms or more", "present", "QTc 512 ms.", {"qtc_fridericia_ms": 512.0}),
        Finding("af", "Irregular rhythm", "absent", "Regular.", {}),
        Finding("axis", "Left axis deviation", "not measurable", "No QRS axis.", {}),
    )
    critical = critical_results(load_rule_set(), findings, None)
    text = text_of(pdf_of(make_analysis(findings=findings, critical=critical), report_card))
    assert "Critical: Very long QTc (QTc (Fridericia) 512" in text
    assert text.index("Critical: Very long QTc") < text.index("Wide QRS")
    assert "Could not be judged: Left axis deviation." in text
    assert "Irregular rhythm" not in text


def test_three_boxes_leave_the_level_its_room(
    make_analysis: Make, report_card: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(pdf_of(make_analysis(), report_card).pages) == 1
    box = "A sentence that must not be overlooked, long enough to take two lines of the report's width. " * 2
    monkeypatch.setattr("cardiov_core.reporting.print.pdf._boxes", lambda _: [box] * 3)
    pages = pdf_of(make_analysis(), report_card).pages
    assert len(pages) == 2, "the trace has a page of its own"
    assert "Probability that the level is" in pages[0].extract_text()
    assert "25 mm/s" not in pages[0].extract_text()


def test_withheld_level_gives_the_reasons_and_no_level(make_analysis: Make, report_card: ModelCard) -> None:
    quality = Quality(QualityVerdict.NOT_ANALYSABLE, (), stored(["V3 is flat, V4 is clipped."]))
    reader = pdf_of(make_analysis(prediction=None, quality=quality, withheld=quality.reasons), report_card)
    text = text_of(reader)
    assert "Result withheld" in text
    assert "V3 is flat, V4 is clipped." in text
    assert "not graded" in text
    assert not re.search(r"(No|Low|Medium|High) risk", text)
    assert f"weights SHA-256 {'ab' * 32}" in text


def test_analysed_anyway_is_stamped(make_analysis: Make, report_card: ModelCard) -> None:
    quality = Quality(QualityVerdict.NOT_ANALYSABLE, (), stored(["V3 is flat."]))
    text = text_of(pdf_of(make_analysis(quality=quality), report_card))
    assert "ANALYSED ANYWAY: the quality gate withholds this level. Do not rely on it." in text


def test_graders_that_differ_and_a_foreign_record_stand_in_boxes_and_nowhere_else(
    make_analysis: Make, report_card: ModelCard
) -> None:
    grade = make_analysis().prediction
    assert grade is not None
    grade = replace(grade, scope=Scope(9.0, 4.0, 0.0, 434))
    other = replace(grade, model_name="other", severity=Severity((grade.severity + 1) % 4))
    panel = Panel((grade, other))
    words = disagreement_of(panel)
    assert words is not None
    analysis = make_analysis(prediction=grade, panel=panel, warnings=(words,))
    text = text_of(pdf_of(analysis, report_card))
    assert text.count("The graders disagree") == 1
    assert " ".join(words.text.split()) in text
    assert text.count("unlike the 434 ECGs") == 1


def test_out_of_fold_is_said(make_analysis: Make, report_card: ModelCard) -> None:
    prediction = replace(make_analysis().prediction, out_of_fold=True)
    assert "Out of fold: this record trained the grader" in text_of(
        pdf_of(make_analysis(prediction=prediction), report_card)
    )


def test_what_was_not_measured_has_no_number_but_a_reason(make_analysis: Make, report_card: ModelCard) -> None:
    measurements = Measurements(
        heart_rate_bpm=71.4, not_measurable={"pr_ms": "no P wave was found", "p_ms": "no P wave was found"}
    )
    text = text_of(pdf_of(make_analysis(measurements=measurements), report_card))
    assert "Heart rate 71 /min" in text
    assert "PR interval not measurable" in text
    assert "P duration, PR interval not measurable: no P wave was found" in text
    assert "nan" not in text.lower().split()
    assert "This record was not measured." in text_of(pdf_of(make_analysis(measurements=None), report_card))


def test_nobody_is_named_unless_typed(make_analysis: Make, report_card: ModelCard) -> None:
    buffer = io.BytesIO()
    write_pdf(make_analysis(), report_card, buffer, created_at=MADE_AT)
    reader = PdfReader(buffer)
    everything = text_of(reader) + str(reader.metadata) + buffer.getvalue().decode("latin-1")
    for secret in ("Jane", "Roe", "MRN-445566", "/home", "/srv", "secret"):
        assert secret not in everything
    assert set(reader.metadata or {}) == {"/Title", "/Creator", "/Producer", "/CreationDate"}
    assert "Patient:" not in everything
    named = text_of(pdf_of(make_analysis(), report_card, patient_name="  Zoë  Ångström-O'Neil $x$ "))
    assert "Patient: Zoë Ångström-O'Neil $x$" in named


def test_name_that_cannot_be_printed_or_does_not_fit_is_refused(make_analysis: Make, report_card: ModelCard) -> None:
    with pytest.raises(ConfigurationError, match="CJK UNIFIED IDEOGRAPH-738B"):
        pdf_of(make_analysis(), report_card, patient_name="王 Li")
    with pytest.raises(ConfigurationError, match="300 characters"):
        pdf_of(make_analysis(), report_card, patient_name="x" * 300)


def test_sign_off_takes_the_stamp_away(make_analysis: Make, report_card: ModelCard) -> None:
    zone = timezone(timedelta(hours=1), "CET")
    signed = SignOff("", "Dr. A. Reader", Severity.LOW_RISK, "", datetime(2026, 11, 22, 9, 5, tzinfo=zone))
    text = text_of(pdf_of(make_analysis(), report_card, sign_off=signed))
    assert "Confirmed by Dr. A. Reader, 2026-11-22 09:05:00 CET (UTC+0100), own level 1 Low risk" in text
    assert "unconfirmed" not in text.lower()
    assert "500 Hz · confirmed" in text
    with pytest.raises(ConfigurationError, match="no time zone"):
        SignOff("", "Dr. A. Reader", Severity.LOW_RISK, "", datetime(2026, 11, 22, 9, 5))
    with pytest.raises(ConfigurationError, match="names no reader"):
        SignOff("", " ", Severity.LOW_RISK, "", MADE_AT)


def test_long_reasons_go_on_a_page_of_their_own_and_none_is_lost(make_analysis: Make, report_card: ModelCard) -> None:
    reasons = stored(f"Reason {index}: the electrode of this lead lost contact again and again." for index in range(60))
    leads = tuple(LeadQuality(lead, QualityVerdict.LIMITED, stored([f"{lead} is noisy."])) for lead in STANDARD_LEADS)
    quality = Quality(QualityVerdict.LIMITED, leads, reasons)
    warnings = stored(["A" * 400, *(f"Warning {index}." for index in range(30))])
    reader = pdf_of(make_analysis(quality=quality, warnings=warnings), report_card)
    assert len(reader.pages) == 2
    assert "continued on page 2" in text_of(reader)
    second = " ".join(reader.pages[1].extract_text().split())
    for index in range(60):
        assert f"Reason {index}:" in second
    for index in range(30):
        assert f"Warning {index}." in second
    assert second.replace(" ", "").count("A" * 40) >= 1
    for page in reader.pages:
        assert "Not a medical device" in page.extract_text()
        assert "UNCONFIRMED" in page.extract_text()


def test_first_page_names_every_finding_even_where_its_reasons_have_no_room(
    make_analysis: Make, report_card: ModelCard
) -> None:
    findings = tuple(
        Finding(f"code_{index}", f"Finding number {index}", "present", f"Why {index}: " + "so " * 40, {})
        for index in range(12)
    )
    reader = pdf_of(make_analysis(findings=findings), report_card)
    first, second = (" ".join(page.extract_text().split()) for page in reader.pages)
    for index in range(12):
        assert f"Finding number {index}" in first
        assert f"Why {index}:" not in first
        assert f"Why {index}: so so" in second


def test_no_text_leaves_the_page_or_runs_over_the_next_column(make_analysis: Make, report_card: ModelCard) -> None:
    record = replace(make_analysis().record, record_id="a-very-long-name-" * 20)
    quality = Quality(QualityVerdict.LIMITED, (), stored("W" * 90 for _ in range(9)))
    reader = pdf_of(make_analysis(record=record, quality=quality), report_card, patient_name="N" * 40)
    placed = _placed_text(reader)
    assert len(placed) > 40
    for left, right, height, text in placed:
        assert left >= 13.0, text
        assert right <= 284.5, text
        assert 3.0 <= height <= 207.0, text
    for index, (left, right, height, text) in enumerate(placed):
        for other_left, other_right, other_height, other in placed[index + 1 :]:
            if abs(height - other_height) < 1.5 and "mm/s" not in text + other:
                assert right <= other_left + 1.2 or other_right <= left + 1.2, (text, other)


def _placed_text(reader: PdfReader) -> list[tuple[float, float, float, str]]:
    """Return left and right end, height and words of each text of the first page, in mm."""
    from cardiov_core.reporting.print.text import TextStyle, width_mm

    found: list[tuple[float, float, float, str]] = []

    def visit(text: str, matrix: list[float], text_matrix: list[float], font: Any, size: float) -> None:
        words = text.strip("\n")
        if words.strip():
            x = (text_matrix[4] * matrix[0] + matrix[4]) * MM
            y = (text_matrix[5] * matrix[3] + matrix[5]) * MM
            bold = "Bold" in str((font or {}).get("/BaseFont", ""))
            found.append((x, x + width_mm(words, TextStyle(size, bold)), y, words))

    reader.pages[0].extract_text(visitor_text=visit)
    return found


def test_same_content_gives_the_same_bytes_in_another_process(make_analysis: Make, report_card: ModelCard) -> None:
    program = """
import hashlib, io
from cardiov_core.datasets.synthetic import generate
from cardiov_core.reporting import write_trace
for kind in ("pdf", "svg"):
    buffer = io.BytesIO()
    write_trace(generate("normal", seed=3, sampling_rate_hz=100), buffer, kind)
    print(hashlib.sha256(buffer.getvalue()).hexdigest())
"""
    environment = {"PYTHONHASHSEED": "1", "PYTHONPATH": str(Path(__file__).parents[3]), "PATH": "", "HOME": "/nowhere"}
    found = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    for kind, digest in zip(("pdf", "svg"), found, strict=True):
        buffer = io.BytesIO()
        write_trace(generate("normal", seed=3, sampling_rate_hz=100), buffer, kind)
        assert hashlib.sha256(buffer.getvalue()).hexdigest() == digest
    first, second = io.BytesIO(), io.BytesIO()
    for buffer in (first, second):
        write_pdf(make_analysis(), report_card, buffer, created_at=MADE_AT)
    assert first.getvalue() == second.getvalue()


def test_fonts_are_embedded_as_truetype(usual: PdfReader) -> None:
    fonts = usual.pages[0]["/Resources"]["/Font"]
    assert fonts
    for font in fonts.values():
        descendant = font["/DescendantFonts"][0] if "/DescendantFonts" in font else font
        assert "/FontFile2" in descendant["/FontDescriptor"]


def test_the_machines_own_reading_stands_beside_ours_and_is_named_so(
    make_analysis: Make, report_card: ModelCard
) -> None:
    machine = MachineReading(
        "CardioCart 9", {"pr_ms": 161.0, "qtc_ms": 402.0, "qrs_axis_deg": -12.0}, ("SINUS RHYTHM",), severity="NORMAL"
    )
    analysis = make_analysis(record=replace(make_analysis().record, machine=machine))
    reader = pdf_of(analysis, report_card)
    text = text_of(reader)
    assert len(reader.pages) == 1
    assert "The machine's own reading By CardioCart 9, not by CardioV." in text
    own = text[text.index("The machine's own reading") :]
    for words in (
        "PR interval 161 ms",
        "QTc, formula not stated 402 ms",
        "QRS axis \u221212°",
        "SINUS RHYTHM",
        "NORMAL",
    ):
        assert words in own
    crowded = replace(analysis, warnings=stored(["w " * 3000]), findings=())
    assert "SINUS RHYTHM" in text_of(pdf_of(crowded, report_card))


def test_a_reason_that_several_leads_share_is_said_once(make_analysis: Make, report_card: ModelCard) -> None:
    reason = "The limb leads contradict one another."
    leads = tuple(LeadQuality(lead, QualityVerdict.LIMITED, stored([reason])) for lead in ("I", "II", "III"))
    text = text_of(pdf_of(make_analysis(quality=Quality(QualityVerdict.LIMITED, leads, ())), report_card))
    assert text.count(reason) == 1


def test_missing_and_derived_leads_are_named(make_analysis: Make, report_card: ModelCard) -> None:
    record = make_analysis().record
    keep = [index for index, lead in enumerate(record.leads) if lead != "V3"]
    fewer = replace(
        record, signal=record.signal[keep], leads=tuple(record.leads[index] for index in keep), derived_leads=("III",)
    )
    text = text_of(pdf_of(make_analysis(record=fewer), report_card))
    assert "V3 not recorded" in text
    assert "III derived" in text
    assert "11 leads" in text


def test_short_and_gappy_records_are_drawn(make_analysis: Make, report_card: ModelCard) -> None:
    record = make_analysis().record
    signal = record.signal[:, :4000].copy()
    signal[1, 1000:1500] = np.nan
    reader = pdf_of(make_analysis(record=replace(record, signal=signal)), report_card)
    rhythm = [line for line in traces_of(reader) if len(line) in (1000, 2500)]
    assert [len(line) for line in rhythm[-2:]] == [1000, 2500], "the gap of lead II is left open"
    assert rhythm[-1][0, 0] - rhythm[-2][0, 0] == pytest.approx(3.0 * 25, abs=TOLERANCE_MM)


def test_what_leaves_the_grid_is_cut_and_said(make_analysis: Make, report_card: ModelCard) -> None:
    record = make_analysis().record
    tall = replace(record, signal=record.signal * np.float32(12))
    text = text_of(pdf_of(make_analysis(record=tall), report_card))
    assert "Cut off at the edge of the grid:" in text


def test_outer_rows_make_room_for_tall_waves(make_analysis: Make, report_card: ModelCard) -> None:
    record = make_analysis().record
    signal = record.signal.copy()
    row = record.leads.index("V4")
    signal[row] *= np.float32(2.6 / np.ptp(signal[row]))
    reader = pdf_of(make_analysis(record=replace(record, signal=signal)), report_card)
    assert "Cut off" not in text_of(reader)
    top = max(line.points[:, 1].max() for line in lines_of(reader) if line.colour == MAJOR)
    assert max(trace[:, 1].max() for trace in traces_of(reader)) < top


def test_monitor_filter_and_slow_sampling_have_their_notes(make_analysis: Make, report_card: ModelCard) -> None:
    text = text_of(pdf_of(make_analysis(), report_card, options=PaperOptions(filter="monitor")))
    assert "0.5-40 Hz · 500 Hz · unconfirmed" in text
    assert "the ST segment and small waves may be altered" in text
    slow = at_100_hz(make_analysis().record)
    assert "nothing above 50 Hz can be shown" in text_of(pdf_of(make_analysis(record=slow), report_card))


def test_window_beyond_the_record_and_time_without_zone_are_refused(
    make_analysis: Make, report_card: ModelCard
) -> None:
    with pytest.raises(ConfigurationError, match="starts at 30 s"):
        pdf_of(make_analysis(), report_card, options=PaperOptions(start_s=30.0))
    with pytest.raises(ConfigurationError, match="no time zone"):
        pdf_of(make_analysis(), report_card, created_at=datetime(2026, 1, 1))
