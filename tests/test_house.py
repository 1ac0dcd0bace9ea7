"""The rules of the house that no linter states."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "cardiov_core").rglob("*.py"))
PAGES = sorted((ROOT / "pages").glob("*.py"))
MAX_MODULE_LINES, MAX_PAGE_LINES = 400, 120
MAX_MODULES_IN_A_FOLDER = 12
MAX_FUNCTION_LINES = 52
"""Without the docstring; most have ten."""

NUMPYDOC = re.compile(r"^ *(Parameters|Returns|Yields|Raises|Attributes)\n *-+$", re.MULTILINE)

ANY = {
    "backends/converted.py": "OpenVINO's types end at what an exported model is",
    "datasets/ptbxl/ptbxl_table.py": "a row of a data frame has columns of many types",
    "io/apart/wire.py": "JSON becomes the fields of frozen dataclasses",
    "review/database/rows.py": "SQLAlchemy's Core does not know the types of a query's columns",
    "service/endpoints.py": "FastAPI takes descriptions of answers so",
    "signals/measurements.py": "fields of `Measurements` by name, until all are there",
    "ui/frame/entered.py": "each widget of Streamlit holds a value of its own type",
    "weights/torch_weights.py": "arguments that a card states, and the network checks",
}
"""Modules in which a value may be of any type, and why."""

SAME_NOUN = frozenset(
    {
        # What a grader is made of: its file, its training, its answer.
        "blend", "boosting", "forest", "grader", "network", "trees", "contributions",
        "card", "decision", "doubt", "passport", "scope", "uncertainty",
        # What is measured, stated and found on a record: computed, worded, shown.
        "critical", "delineation", "delineator", "evidence", "explanation", "findings", "fingerprint", "machine",
        "measurements", "median_beat", "noise_floor", "quality", "record", "records", "rhythm", "serial", "statements",
        "trace",
        # Figures and studies: computed, worded, shown, and a command for each.
        "attributions", "cases", "compare", "external", "fewer_leads", "figures", "metrics", "recognition", "shift",
        "shipped", "train_delineator", "train_findings", "transfer",
        # The review, and who may do what.
        "access", "adjudication", "alerts", "demo", "limits", "report",
        # The same part of two rooms of one kind: a list of what there is, a cache, a parser, a part of a page.
        "cache", "export", "owner", "page", "parse", "registry", "table",
    }
)  # fmt: skip
"""Names of modules that two rooms may share, because they are one noun on two floors."""


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _imported(path: Path) -> set[str]:
    """Dotted names of everything that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_the_package_is_where_the_tests_look() -> None:
    assert ROOT / "cardiov_core" / "domain" / "record.py" in MODULES


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_module_says_what_it_is_and_is_no_longer_than_a_reader_bears(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), f"{path.name} has no docstring"
    assert len(text.splitlines()) <= MAX_MODULE_LINES


def _lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    first = function.body[0]
    documented = ast.get_docstring(function, clean=False) is not None
    return function.end_lineno - function.lineno + 1 - (first.end_lineno - first.lineno + 1 if documented else 0)


def test_functions_fit_a_screen() -> None:
    functions = [
        (path.name, node)
        for path in MODULES
        if "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(functions) > 1000
    assert not [(name, each.name) for name, each in functions if _lines_of(each) > MAX_FUNCTION_LINES]


def _public() -> set[str]:
    """Names that facades hand on."""
    stubs = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "cardiov_core").glob("*/__init__.pyi")]
    lines = [node for stub in stubs for node in stub.body if isinstance(node, ast.ImportFrom)]
    return {alias.name for line in lines for alias in line.names}


def test_names_that_stay_in_their_room_have_a_summary_and_no_sections() -> None:
    public, sections = _public(), []
    for path in (path for path in MODULES if path.parent.name != "cardiov_core"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name not in public:
                inner = (each for each in ast.walk(node) if isinstance(each, ast.FunctionDef | ast.ClassDef))
                sections += [each.name for each in inner if NUMPYDOC.search(ast.get_docstring(each) or "")]
    assert not sections, "a field's comment stands beside it, shape and unit in the summary"


def test_a_value_of_any_type_is_one_of_a_library_without_types() -> None:
    names = {
        str(path.relative_to(ROOT / "cardiov_core"))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "typing" and "Any" in {one.name for one in node.names}
    }
    assert names == set(ANY), "give it a type, or say here why it has none"


class _WithoutNames(ast.NodeTransformer):
    """Calls the arguments of a function by their places."""

    def __init__(self, function: ast.FunctionDef) -> None:
        arguments = function.args.args + function.args.kwonlyargs
        self.names = {argument.arg: f"argument{at}" for at, argument in enumerate(arguments)}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


def test_no_function_is_written_twice() -> None:
    written: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and "migrations" not in path.parts:
                body = node.body[1:] if ast.get_docstring(node) else node.body
                text = "\n".join(ast.unparse(_WithoutNames(node).visit(line)) for line in body)
                # What calls private names of its module is another function there.
                if len(text) > 45 and not re.search(r"\b_[a-z]", text):
                    written.setdefault(text, []).append(f"{_name(path)}: {node.name}")
    assert len(written) > 500
    assert [places for places in written.values() if len(places) > 1] == []


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_page_is_thin(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_PAGE_LINES


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_page_shows_nothing_outside_its_frame_which_lets_in_only_who_may(path: Path) -> None:
    *before, last = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(last, ast.With)
    assert ast.unparse(last.items[0].context_expr) == "page()"
    assert not [node for node in before if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]


def test_parts_that_rerun_by_themselves_count_as_activity() -> None:
    ours = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "cardiov_core" / "ui").rglob("*.py")}
    assert not [name for name, text in ours.items() if "@st.fragment" in text]


@pytest.mark.parametrize("path", sorted((ROOT / "cardiov_core" / "nets").rglob("*.py")), ids=_name)
def test_networks_need_torch_alone(path: Path) -> None:
    roots = {name.split(".")[0] for name in _imported(path)}
    allowed = {"torch", "pywt", "cardiov_core", "lazy_loader"} | sys.stdlib_module_names
    assert roots <= allowed, f"{path.name} imports {roots - allowed}"


@pytest.mark.parametrize("facade", sorted((ROOT / "cardiov_core").glob("*/__init__.pyi")), ids=_name)
def test_no_public_name_of_a_room_is_hidden_by_a_module(facade: Path) -> None:
    modules = {path.stem for path in facade.parent.iterdir() if path.suffix == ".py" or path.is_dir()}
    stub = ast.parse(facade.read_text(encoding="utf-8"))
    names = {alias.name for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert names
    assert not names & modules


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES}), ids=_name)
def test_folder_is_seen_at_a_glance(folder: Path) -> None:
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MAX_MODULES_IN_A_FOLDER


def test_two_rooms_share_a_file_name_only_for_one_noun_on_two_floors() -> None:
    rooms: dict[str, set[Path]] = {}
    for path in MODULES:
        rooms.setdefault(path.stem, set()).add(path.parent)
    shared = {name for name, where in rooms.items() if len(where) > 1 and name != "__init__"}
    assert shared - SAME_NOUN == set(), "rename one of them, or say here why they are one noun"
    assert SAME_NOUN - shared == set(), "no longer shared"


@pytest.mark.parametrize(
    ("noun", "module"),
    [
        ("decode", "ordinal/decoding.py"),
        ("Grad-CAM", "inference/explanation/grad_cam.py"),
        ("adjudication", "review/adjudication.py"),
        ("arm swap", "signals/lead/lead_swap.py"),
        ("bootstrap", "evaluation/bootstrap.py"),
        ("PDF footer", "reporting/print/footer.py"),
        ("prediction set", "inference/uncertainty/prediction_sets.py"),
        ("MUSE", "io/carts/xml/muse.py"),
        ("cost of a far miss", "inference/uncertainty/costs.py"),
        ("worklist filter", "review/worklist/filter.py"),
    ],
)
def test_what_a_reader_looks_for_is_where_its_noun_says(noun: str, module: str) -> None:
    assert ROOT / "cardiov_core" / module in MODULES, noun


def test_constraints_pin_every_direct_dependency_and_name_no_host() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {line.partition("==")[0].lower() for line in lines if not line.startswith("#")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    names = {re.split(r"[\[<>=]", requirement)[0].strip().lower() for requirement in wanted} - {project["name"]}
    assert names <= pins
    assert not [line for line in lines if "/" in line or "@" in line or "+" in line]


def test_nothing_is_done_at_import_that_costs_the_command_line_its_speed() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import sys, cardiov_core.cli; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"torch", "pandas", "streamlit", "plotly", "wfdb", "scipy"} & set(found.stdout.split())


def test_changelog_has_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{project['version']}]" in changelog
