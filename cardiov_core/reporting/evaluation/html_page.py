"""Reports as one HTML file that needs nothing else: no script, no font, no network."""

from collections.abc import Iterable, Sequence
from html import escape

from cardiov_core.reporting.words.disclaimer import RESEARCH_USE

_STYLE = """
body {font: 15px/1.5 system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; color: #1A1F24; margin: 0;
  background: #FFFFFF;}
main {max-width: 62rem; margin: 0 auto; padding: 0 1.2rem 3rem;}
.banner {background: #F3F5F7; border-bottom: 1px solid #C9CED4; padding: 0.4rem 1.2rem; font-size: 0.87rem;}
h1 {font-size: 1.5rem; margin: 1.2rem 0 0.3rem;} h2 {font-size: 1.15rem; margin: 2rem 0 0.4rem;}
.numbers {display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 0.6rem 2rem; margin: 1rem 0;}
.numbers b {display: block; font-size: 1.7rem; font-weight: 600;}
.numbers span {display: block; font-size: 0.85rem; color: #4A5158;}
figure {margin: 0.6rem 0;} figcaption {font-size: 0.88rem; color: #4A5158; max-width: 52rem;}
.panels {display: flex; flex-wrap: wrap; gap: 0.4rem;}
.panels img {flex: 1 1 170px; min-width: 0; max-width: 320px; height: auto;}
.scroll {overflow-x: auto;} table {border-collapse: collapse; font-size: 0.88rem; margin: 0.6rem 0;}
th, td {border-bottom: 1px solid #D8DCE0; padding: 0.25rem 0.7rem 0.25rem 0; text-align: left; vertical-align: top;
  font-variant-numeric: tabular-nums;}
tbody th {font-weight: 400;} td {white-space: nowrap;}
dl {max-width: 52rem; font-size: 0.88rem;} dt {font-weight: 600; margin-top: 0.4rem;} dd {margin: 0;}
.small {font-size: 0.88rem; color: #4A5158; overflow-wrap: anywhere;}
@media print {main {max-width: none;} figure, tr {break-inside: avoid;}}
"""


def html_page(title: str, parts: Iterable[str], *, style: str = "") -> str:
    """Return a whole page; `title` is not yet escaped, `parts` are HTML."""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}{style}</style>\n</head>\n<body>\n"
        f'<div class="banner" role="note">{escape(RESEARCH_USE)}</div>\n<main>\n' + "\n".join(parts) + "\n</main>\n"
        "</body>\n</html>\n"
    )


def html_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column names the row; nothing where there is no row. Cells are escaped."""
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    if not body:
        return ""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def paragraph(text: str, *, small: bool = False) -> str:
    """Return a paragraph of plain words, escaped."""
    return f'<p class="small">{escape(text)}</p>' if small else f"<p>{escape(text)}</p>"
