"""The trace alone on a page, as a picture."""

import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.domain import EcgRecord
from cardiov_core.errors import ConfigurationError
from cardiov_core.reporting import PaperOptions, write_trace

MM = 25.4 / 72
TOLERANCE_MM = 0.1


def test_trace_as_svg_has_the_scale_too(report_record: EcgRecord, tmp_path: Path) -> None:
    path = tmp_path / "trace.svg"
    write_trace(report_record, path, "svg")
    root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314
    assert float(root.attrib["width"].removesuffix("pt")) * MM == pytest.approx(297, abs=0.01)
    assert root.attrib["viewBox"].split()[2:] == ["841.889764", "595.275591"]
    paths = [element.attrib.get("d", "") for element in root.iter("{http://www.w3.org/2000/svg}path")]
    longest = max(paths, key=len)
    x = np.array([float(pair.split()[0]) for pair in re.findall(r"[ML] ([-\d. ]+)", longest)]) * MM
    assert len(x) == 5000
    assert x[500:] - x[:-500] == pytest.approx(25.0, abs=TOLERANCE_MM)
    assert "Jane" not in path.read_text(encoding="utf-8")


def test_trace_as_png_has_its_size_and_resolution(report_record: EcgRecord, tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "trace.png"
    write_trace(report_record, path, "png")
    with Image.open(path) as image:
        assert image.size == (2338, 1653)
        assert image.info["dpi"] == pytest.approx((200, 200), abs=0.1)
        pixels = np.asarray(image.convert("L"))
    assert (pixels < 60).mean() > 0.003, "there is ink on the page"


def test_picture_that_takes_two_pages_is_refused_in_words(report_record: EcgRecord) -> None:
    with pytest.raises(ConfigurationError, match="take 2 pages, and a picture has one"):
        write_trace(report_record, io.BytesIO(), "png", options=PaperOptions(speed_mm_s=50.0))
    with pytest.raises(ConfigurationError, match="'bmp' is no format"):
        write_trace(report_record, io.BytesIO(), "bmp")  # type: ignore[arg-type]
