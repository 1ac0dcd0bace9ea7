"""What only a script in the browser can do: show the keys at `?`, lose no drop, scroll a list to a row."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import streamlit as st

_EVERYWHERE = (("?", "These keys"),)
_TRACE = (
    ("A", "Gain"),
    ("V", "Speed"),
    ("Y", "Layout"),
    ("F", "Filter"),
    ("W", "Waves on or off"),
    ("D", "Drag: zoom or calipers"),
)
KEYS: Mapping[str, Sequence[tuple[str, str]]] = {
    "Analyse": (
        *_TRACE,
        ("N", "Next case of the batch"),
        ("P", "Case before it"),
        ("B", "Back to the list"),
    ),
    "Worklist": (("N", "Next case"),),
    "Review": (
        ("0 1 2 3", "Level"),
        ("L M H", "How sure: low, medium, high"),
        ("Enter", "Save"),
        ("U", "Undo"),
        ("G", "Go on to label and grader"),
        ("K", "Keep your level"),
        ("N", "Next case"),
        ("P", "Case before it"),
        ("S", "Skip"),
        ("B", "Back to the worklist"),
        ("I", "Indeterminate, as adjudicator"),
        *_TRACE,
    ),
}
"""Title of a page -> its keys and what they do."""

_DROPS_SCRIPT = f"<script>{Path(__file__).with_name('drops.js').read_text(encoding='utf-8')}</script>"

# The listeners live as long as the browser's tab; the box is looked up anew, since every page has its own.
_KEYS_SCRIPT = """<script>
if (!window.cardiovKeys) {
  window.cardiovKeys = true;
  const cell = (list, kind, words) => { list.appendChild(document.createElement(kind)).textContent = words; };
  const show = open => document.querySelectorAll('.cv-keys').forEach(box => {
    box.hidden = open === undefined ? !box.hidden : !open;
    box.textContent = '';
    if (box.hidden) return;
    cell(box, 'b', 'Keys');
    const list = box.appendChild(document.createElement('dl'));
    for (const [key, what] of JSON.parse(box.dataset.keys)) { cell(list, 'dt', key); cell(list, 'dd', what); }
  });
  // The list of alerts lies over the trace: it folds at a click beside it.
  const fold = place => document.querySelectorAll('details.cv-alerts[open]').forEach(list => {
    if (!place || !list.contains(place)) list.open = false;
  });
  document.addEventListener('keydown', event => {
    if (event.target.closest && event.target.closest('input, textarea, [contenteditable=true]')) return;
    if (event.key === '?') show();
    if (event.key === 'Escape') { show(false); fold(null); }
  });
  document.addEventListener('click', event => {
    if (event.target.closest('.cv-keys-button')) show();
    else if (!event.target.closest('.cv-keys')) show(false);
    fold(event.target);
  });
}
</script>"""


def keys_box(title: str) -> None:
    """Put the keys of a page on it, unseen until `?` or its button; no drop is lost from then on."""
    rows = escape(json.dumps([*KEYS.get(title, ()), *_EVERYWHERE]), quote=True)
    # Written when it is opened: nobody is read a list that is not on the screen.
    box = f'<div class="cv-keys" role="dialog" aria-label="Keys" data-keys="{rows}" hidden></div>'
    button = '<button class="cv-keys-button" type="button" aria-label="Keys of this page">?</button>'
    st.html(f"{button}{box}{_KEYS_SCRIPT}{_DROPS_SCRIPT}", width="content", unsafe_allow_javascript=True)


def scroll_to_row(table_key: str, row: int | None, row_height_px: int) -> None:
    """Scroll a table to a row, once it is drawn.

    `table_key`: key of the container that holds the table. `row`: its place; None leaves the table where it is.
    """
    if row is None:
        return
    st.html(
        f"""<script>
(() => {{
  let tries = 50;
  const go = () => {{
    const box = document.querySelector('.st-key-{table_key} .dvn-scroller');
    if (box && box.scrollHeight > box.clientHeight) {{
      box.scrollTop = Math.max(0, {row * row_height_px} - box.clientHeight / 2);
    }} else if (tries--) setTimeout(go, 100);
  }};
  go();
}})();
</script>""",
        unsafe_allow_javascript=True,
    )
