"""Measurements, findings, quality and boundaries on the Analyse page."""

import json
import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cardiov_core.ui.frame.session import Key


def shown(app: AppTest) -> str:
    """All HTML, Markdown and message text on the page."""
    html = [element.proto.body for element in app.get("html")]
    return "\n".join(html + [element.value for element in (*app.markdown, *app.error, *app.warning, *app.caption)])


def sample(app: AppTest, condition: str) -> AppTest:
    return app.button(key=f"{Key.SAMPLE}_{condition}").click().run()


def open_tab(app: AppTest, name: str) -> AppTest:
    app.session_state[Key.TABS] = name
    return app.run()


def rows(app: AppTest) -> dict[str, list[str]]:
    """Rows of all tables on the page: head -> cells, of the first table where several have it."""
    found = {}
    for row in re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', shown(app)):
        found.setdefault(row[0], re.findall(r"<td[^>]*>(.*?)</td>", row[1]))
    return found


def waves(app: AppTest) -> list[str]:
    drawing = json.loads(app.get("bidi_component")[0].proto.json)
    return [wave["wave"] for wave in drawing["waves"]] if drawing["chosen"]["waves"] == "on" else []


def test_measurements_have_unit_range_and_a_flag_in_words(app: AppTest) -> None:
    open_tab(sample(app, "normal"), "Measurements")
    assert not app.exception
    assert not app.error
    table = rows(app)
    value, normal, flag, _ = table["Heart rate"]
    assert 64 <= int(re.match(r"\d+", value).group()) <= 76, "the sample's rate"
    assert value.endswith("/min")
    assert normal.startswith("60 to 100")
    assert flag.endswith("within range")
    assert flag[0] == "\u25cb", "a shape beside the word"
    assert {"P duration", "PR interval", "QRS duration", "QTc, Fridericia", "QRS axis", "Rhythm"} <= set(table)
    assert table["Rhythm"][0] == "regular"
    assert {"I", "aVR", "V6"} <= set(table), "every lead with ST, R and S"
    assert "AHA, ACC and HRS" in shown(app)
    assert "names of the waves" in app.get("plotly_chart")[0].proto.spec, "the median beat with its boundaries"


def test_without_p_waves_there_is_no_pr_but_a_reason(app: AppTest) -> None:
    open_tab(sample(app, "atrial_fibrillation"), "Measurements")
    assert not app.exception
    table = rows(app)
    assert re.match(r"not measurable: \w+", table["PR interval"][0])
    assert table["PR interval"][2] == "", "no flag without a number"
    assert table["Rhythm"][0] == "irregular"
    assert "mean over" in table["Heart rate"][3]


def test_boundaries_are_drawn_on_demand_and_measure_nothing_again(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample(app, "normal")
    assert waves(app) == []
    monkeypatch.setattr("cardiov_core.ui.analyze.result.analyze", lambda *_, **__: pytest.fail("measured again"))
    app.selectbox(key=f"{Key.WAVES}_0").select("on").run()
    assert not app.exception
    assert not app.error
    assert waves(app) == ["P", "QRS", "T"]
    assert "over all leads" in shown(app)
    for layout in ("3x4+3", "6x2", "12x1"):
        app.selectbox(key=Key.LAYOUT).select(layout).run()
        assert not app.exception
        assert "QRS" in waves(app)


def test_findings_say_what_was_measured_and_fold_what_is_absent(app: AppTest) -> None:
    open_tab(sample(app, "sinus_bradycardia"), "Findings")
    assert not app.exception
    assert "Heart rate" in rows(app)["Bradycardia"][0]
    assert any(expander.label.startswith("Absent (") for expander in app.expander)
    assert "no diagnosis" in shown(app)


def test_a_critical_finding_is_the_first_line_of_the_head(app: AppTest) -> None:
    sample(app, "third_degree_block")
    lines = re.findall(r'<details class="cv-alerts cv-grave" role="alert"><summary>(.*?)</summary>', shown(app))
    assert len(lines) == 1
    assert "Critical: " in lines[0]
    assert re.search(r"heart rate 3\d\u2009/min", shown(app))


def test_a_normal_sample_has_no_critical_line(app: AppTest) -> None:
    assert "Critical: " not in shown(sample(app, "normal"))


def test_every_lead_has_its_verdict_in_shape_and_word(app: AppTest) -> None:
    open_tab(sample(app, "noise_and_lead_off"), "Quality")
    text = shown(app)
    cells = re.findall(r'class="cv-lead[^>]*title="(.*?)"><b>(.*?)</b> <span[^>]*>(.)</span><br>(.*?)</div>', text)
    assert [cell[1] for cell in cells][:3] == ["I", "II", "III"]
    assert len(cells) % 12 == 0
    worst = [cell for cell in cells if cell[3] != "acceptable"]
    assert worst, "a lead is off in this sample"
    assert all(cell[2] in "\u25d0\u2715" for cell in worst)
    assert all(len(cell[0]) > len(cell[1]) + 5 for cell in worst), "the reason is there to hover"
    assert worst[0][1] in rows(app), "and in the table"


def test_a_withheld_level_still_has_measurements_and_its_json_names_the_grader(app: AppTest, wfdb_files) -> None:
    zone = app.file_uploader[0]
    for name, content in wfdb_files("wronggain", gain_per_mv=4880.0).items():
        zone.upload(name, content)
    app.run()
    assert "Result withheld" in shown(app)
    for name in ("Measurements", "Findings", "Quality", "Compare", "Record", "Report"):
        open_tab(app, name)
        assert not app.exception
        assert not app.error
    open_tab(app, "Measurements")
    assert "Heart rate" in rows(app)


def test_dead_leads_are_named_beside_the_reason_for_withholding(app: AppTest, wfdb_files) -> None:
    files = wfdb_files("dead")
    digital = np.frombuffer(files["dead.dat"], dtype="<i2").reshape(-1, 12).copy()
    digital[:, 8:10] = 0
    zone = app.file_uploader[0]
    zone.upload("dead.hea", re.sub(rb"(0 )-?\d+ \d+ 0 (V[34])", rb"\g<1>0 0 0 \2", files["dead.hea"]))
    zone.upload("dead.dat", digital.tobytes())
    app.run()
    assert not app.exception
    text = shown(app)
    assert "Result withheld" in text
    verdicts = dict(re.findall(r"<b>(V\d)</b> <span[^>]*>.</span><br>(.*?)</div>", text))
    assert verdicts["V3"] != "acceptable"
    assert verdicts["V4"] != "acceptable"
    assert verdicts["V2"] == "acceptable"


def test_the_download_of_a_withheld_level_names_the_grader(
    app: AppTest, wfdb_files, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def _dict(*_: object, card: object = None) -> dict[str, object]:
        asked.append(card)
        return {}

    monkeypatch.setattr("cardiov_core.ui.analyze.record.analysis_to_dict", _dict)
    monkeypatch.setattr("streamlit.download_button", lambda *_, data, **__: data())
    zone = app.file_uploader[0]
    for name, content in wfdb_files("wronggain", gain_per_mv=4880.0).items():
        zone.upload(name, content)
    app.run()
    open_tab(app, "Record")
    assert asked
    assert all(card is not None and card.sha256 for card in asked)
