"""Every message of the error tree with its cure, read from the code while the pages are built.

mkdocs calls `on_page_markdown`; the list is committed nowhere, so it is never older than the code.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1] / "cardiov_core"
MARK = "<!-- every error -->"
PAGE = "use/errors.md"


def error_tree() -> dict[str, str]:
    """Return the names of all errors and what each means, in the order of the tree."""
    module = ast.parse((PACKAGE / "errors.py").read_text(encoding="utf-8"))
    return {
        node.name: (ast.get_docstring(node) or "").partition("\n")[0]
        for node in module.body
        if isinstance(node, ast.ClassDef)
    }


def messages() -> Iterator[tuple[str, str, str]]:
    """Yield error, message and cure of every place that makes one; '...' stands for what is filled in."""
    known = error_tree()
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and len(node.args) > 1:
                name = node.func.id if isinstance(node.func, ast.Name) else ""
                if name in known:
                    yield name, words(node.args[0]), words(node.args[1])


def words(node: ast.expr) -> str:
    """Return a text of the code as people read it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(words(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return words(node.left) + words(node.right)
    return "..."


def table() -> str:
    """Return the list as Markdown, a table for each error."""
    found: dict[str, set[tuple[str, str]]] = {}
    for name, message, cure in messages():
        # What is made of another error's words stands there.
        if re.search(r"\w{3}", message):
            found.setdefault(name, set()).add((message, cure))
    parts = []
    for name, meaning in error_tree().items():
        if name in found:
            rows = "\n".join(f"| {_cell(message)} | {_cell(cure)} |" for message, cure in sorted(found[name]))
            parts.append(f"## {name}\n\n{meaning}\n\n| message | what to do |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Put the list where the page wants it."""
    return markdown.replace(MARK, table()) if page.file.src_uri == PAGE else markdown


def _cell(text: str) -> str:
    escaped = re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(text.split()))
    return "depends on the file; the message goes on with it" if escaped.strip(". ") == "" else escaped
