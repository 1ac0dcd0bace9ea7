"""Markup in names, comments and ids of a file is shown as text and never taken for HTML or Markdown."""

from html.parser import HTMLParser

import pytest
from streamlit.testing.v1 import AppTest

from cardiov_core.domain import STANDARD_LEADS
from tests.app.test_analyze import upload

HTML = "<img src=x onerror=alert(1)>"
MARKDOWN = "![x](http://127.0.0.1:9/leak.png)[click](http://127.0.0.1:9)"


class Tags(HTMLParser):
    """Which elements a browser would make."""

    def __init__(self) -> None:
        super().__init__()
        self.hostile: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        # The app's own scripts are none of the file's doing.
        if tag in {"img", "iframe"} or any(name.startswith("on") for name, _ in attributes):
            self.hostile.append(tag)


def files(markup: str, *, good: bool) -> dict[str, bytes]:
    """A WFDB record whose comments, device, patient id, and a channel beside the leads hold markup."""
    names = [*STANDARD_LEADS, markup.replace(" ", "_")]
    lines = "".join(f"r.dat 16 1000/mV 16 0 0 0 0 {name}\n" for name in names)
    comments = f"# {markup}\n#Patient: {markup}\n#Device: {markup}\n#Age: 50\n#Sex: F\n"
    size = 13 * 5000 * 2 if good else 100
    body = bytes(range(1, 251)) * (size // 250 + 1)
    return {"r.hea": f"r 13 500 5000\n{lines}{comments}".encode(), "r.dat": body[:size]}


@pytest.mark.parametrize("markup", [HTML, MARKDOWN])
@pytest.mark.parametrize("good", [True, False])
def test_markup_of_a_file_is_text(app: AppTest, markup: str, good: bool) -> None:
    upload(app, files(markup, good=good))
    assert not app.exception
    tags = Tags()
    for element in (*app.markdown, *app.get("html")):
        tags.feed(str(element.proto.body))
    assert tags.hostile == []
    # What Markdown shows has its signs escaped, or stands in HTML, which Markdown leaves alone.
    shown = [element.value for element in (*app.markdown, *app.error, *app.warning, *app.caption)]
    assert not [text for text in shown if "](http://127.0.0.1:9" in text and "\\](" not in text]


def test_a_files_name_with_markup_is_text(app: AppTest) -> None:
    upload(app, {f"{HTML}.csv": b"I,II\n0,zero\n", f"{MARKDOWN}.csv": b"I,II\n0,zero\n"})
    tags = Tags()
    for element in (*app.markdown, *app.get("html")):
        tags.feed(str(element.proto.body))
    assert tags.hostile == []
    shown = [element.value for element in (*app.markdown, *app.error, *app.warning, *app.caption)]
    assert not [text for text in shown if "](http://" in text and "\\](" not in text]
