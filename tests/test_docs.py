"""The pages of docs/: what refers to them leads somewhere, and a paragraph fits a breath."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
MAX_WORDS = 90

_CLINICAL = re.compile(r"docs/clinical\.md,\s+(\d+)(?:\s+to\s+(\d+))?")
_ITEM = re.compile(r"\s*(?:[-*]|\d+\.)\s")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _sources() -> list[Path]:
    """Every text of the repository that may name a page of docs/."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if name.endswith((".py", ".md", ".toml", ".json", ".yml"))]


def _text(path: Path) -> str:
    """The text with the line breaks and marks of its comments taken out, so that a reference may span two lines."""
    return re.sub(r"\s*\n\s*(?:#\s*)?", " ", path.read_text(encoding="utf-8"))


def paragraphs(text: str) -> list[str]:
    """Paragraphs and items of lists, without code, tables and headings."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if not line.strip() or line.startswith(("#", "|", "    ", "![")):
            blocks.append([])
        elif _ITEM.match(line):
            blocks.append([line])
        else:
            blocks[-1].append(line)
    return [" ".join(block) for block in blocks if block]


def test_paragraphs_are_told_apart() -> None:
    text = "# Title\n\none two\nthree\n- four\n  five\n- six\n\n| a | b |\n\n```\ncode\n```\n\n    more code\n"
    assert paragraphs(text) == ["one two three", "- four   five", "- six"]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=_name)
def test_paragraphs_are_short(page: Path) -> None:
    found = paragraphs(page.read_text(encoding="utf-8"))
    assert not [f"{len(text.split())} words: {text[:60]}" for text in found if len(text.split()) >= MAX_WORDS]


def test_an_entry_of_the_changelog_is_one_sentence() -> None:
    entries = [text for text in paragraphs((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")) if _ITEM.match(text)]
    assert len(entries) > 100
    plain = [re.sub(r"\s+", " ", re.sub(r"`[^`]*`", "X", text)) for text in entries]
    assert not [text[:70] for text in plain if re.search(r"[.!?] +[A-Z*]", text)]


def test_every_clinical_convention_that_is_named_exists() -> None:
    numbers = {
        int(n) for n in re.findall(r"^### (\d+)\. ", (ROOT / "docs/clinical.md").read_text("utf-8"), re.MULTILINE)
    }
    assert numbers == set(range(1, 34))
    named = {_name(path): _CLINICAL.findall(_text(path)) for path in _sources()}
    assert sum(len(found) for found in named.values()) >= 25, "the pattern no longer finds the references"
    wrong = {
        path: pair for path, found in named.items() for pair in found if not {*map(int, filter(None, pair))} <= numbers
    }
    assert not wrong


def test_conventions_are_named_in_one_form() -> None:
    assert not [_name(path) for path in _sources() if "CLINICAL " + "conventions" in _text(path)]


def test_pages_that_are_named_exist() -> None:
    missing = {
        f"{_name(path)}: {page}"
        for path in _sources()
        for page in re.findall(r"\bdocs/[\w/-]+\.(?:md|png)", path.read_text(encoding="utf-8"))
        if not (ROOT / page).is_file()
    }
    assert not missing


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=_name)
def test_modules_that_a_page_names_exist(page: Path) -> None:
    named = set(re.findall(r"\b[a-z_]\w*(?:/\w+)+\.py\b", page.read_text(encoding="utf-8")))
    assert not {name for name in named if not any((root / name).is_file() for root in (ROOT, ROOT / "cardiov_core"))}


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == {str(page.relative_to(ROOT / "docs")) for page in PAGES}


def test_every_message_is_listed_with_its_cure() -> None:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("error_list", ROOT / "docs" / "error_list.py")
    assert spec is not None
    assert spec.loader is not None
    listed = module_from_spec(spec)
    spec.loader.exec_module(listed)
    assert listed.MARK in (ROOT / "docs" / listed.PAGE).read_text(encoding="utf-8")
    found = list(listed.messages())
    assert len(found) > 300, "the pattern no longer finds the messages"
    assert not [message for _, message, cure in found if not cure.strip()]
    assert "| There is no reader of that name. | Whoever first signs in or reads is added. |" in listed.table()
    # A class of the tree that nothing raises is no error that anybody meets.
    used = {name for name, _, _ in found}
    roots = {"CardioVError", "RecordError", "WeightsError", "ReviewError"}
    assert set(listed.error_tree()) - used <= roots
