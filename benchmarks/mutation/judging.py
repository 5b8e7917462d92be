"""The tests of the core, collected once; every mutant is put into a fork of that process and judged there.

A mutant in a function's body takes the place of the function's code. Any other (a constant, a table, a default) is
there only for who imports it: its fork forgets the core and the tests, and collects them anew.
"""

import ast
import functools
import gc
import importlib.abc
import importlib.machinery
import os
import resource
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import coverage
import hypothesis
import pytest

from benchmarks.mutation.mutants import ROOT, Mutant, codes

CORE: Final = ROOT / "batchreset" / "core"
PACING: Final = CORE / "pacing"
TESTS: Final = ROOT / "tests" / "core"
LONG: Final = TESTS / PACING.name / "test_pacer_regimes.py"
"""Whole runs within bounds, seconds for each change: they judge nothing here. The record of decisions is stricter."""
_MEMORY_BYTES: Final = 3 * 2**30
_SURVIVED, _KILLED = 0, 1

# No shrinking: that a test fails is all that is asked. The console is the parent's.
_OPTIONS: Final = (
    "-oaddopts=", "-otimeout=0", "-mnot torture and not programs", "-s", "-x", "-pno:terminal", "-pno:xdist",
    "-pno:cacheprovider", "--hypothesis-profile=mutate", "-Wignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip


class Judge:
    """A plugin of pytest: has the tests collected, and then waits for mutants instead of running them."""

    def __init__(self, modules: Sequence[Path]) -> None:
        self.items: list[pytest.Item] = []
        self.seconds: dict[str, float] = {}
        self._test_files: set[Path] = set()
        paced = {PACING in path.parents for path in modules}
        self.tests = [str(TESTS / PACING.name)] if paced == {True} else [str(TESTS)]
        self.tests.append(f"--ignore={TESTS / PACING.name if paced == {False} else LONG}")
        self._modules = modules
        self._passing_by: dict[tuple[str, int], set[str]] = {}
        self._functions: dict[tuple[str, str, int], list[types.FunctionType]] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = session.items
        self._test_files = {item.path for item in self.items}
        self._look_at_the_tests(session)
        found = [function for function in gc.get_objects() if isinstance(function, types.FunctionType)]
        for function in found:
            self._functions.setdefault(_key(function.__code__), []).append(function)
        gc.collect()
        gc.freeze()
        self.judge_all()
        return True

    def judge_all(self) -> None:
        """Overridden by whoever has the mutants."""

    def begin(self, mutant: Mutant) -> int | None:
        """A process that judges this mutant; None if no test comes by."""
        chosen = self._chosen(mutant)
        if not chosen:
            return None
        pid = os.fork()
        if pid == 0:
            os._exit(self._judged(mutant, chosen))
        return pid

    def _look_at_the_tests(self, session: pytest.Session) -> None:
        """One run of all, to see which lines each of them passes by, how long it takes, and that it succeeds."""
        watching = coverage.Coverage(data_file=None, config_file=False, include=[str(path) for path in self._modules])
        for item in self.items:
            for path in self._modules:
                _forget_results(path)
            watching.start()
            watching.switch_context(item.nodeid)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
            _run([item])
            self.seconds[item.nodeid] = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
            watching.stop()
            if session.testsfailed:
                raise SystemExit(f"{item.nodeid} fails without any change: mend that first")
        data = watching.get_data()
        for path in self._modules:
            for line, tests in data.contexts_by_lineno(str(path)).items():
                self._passing_by[str(path), line] = {test for test in tests if test}

    def _chosen(self, mutant: Mutant) -> list[pytest.Item]:
        """Tests that pass by, the quickest first. A constant: those of its module, and whose file imports it."""
        path = str(mutant.path)
        if mutant.live:
            names = set().union(*(self._passing_by.get((path, line), ()) for line in mutant.lines))
        else:
            names = set().union(*(tests for (passed, _), tests in self._passing_by.items() if passed == path))
            naming = {test for test in self._test_files if _module(mutant.path) in _imports(test)}
            names |= {item.nodeid for item in self.items if item.path in naming}
        return sorted((item for item in self.items if item.nodeid in names), key=lambda item: self.seconds[item.nodeid])

    def _judged(self, mutant: Mutant, chosen: Sequence[pytest.Item]) -> int:
        silence = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(silence, descriptor)
        enough = 3 + 4 * int(sum(self.seconds[item.nodeid] for item in chosen))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (enough, enough))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        try:
            if mutant.live and self._put_in(mutant):
                return _KILLED if _run(chosen) else _SURVIVED
            return _collected_anew(mutant, chosen)
        except BaseException:  # noqa: BLE001  whatever a mutant breaks, it was noticed
            return _KILLED

    def _put_in(self, mutant: Mutant) -> bool:
        for code in codes(mutant.code()):
            for function in self._functions.get(_key(code), ()):
                if code.co_freevars != function.__code__.co_freevars:
                    return False
                function.__code__ = code
        _forget_results(mutant.path)
        return True


class _Chosen:
    """A plugin of the collection anew: these tests only, in this order."""

    def __init__(self, order: Mapping[str, int]) -> None:
        self._order = order

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((item for item in items if item.nodeid in self._order), key=lambda i: self._order[i.nodeid])


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """An importer that gives the mutant in place of its module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if fullname != _module(self._mutant.path):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=str(self._mutant.path))

    def get_code(self, fullname: str) -> types.CodeType:  # noqa: ARG002  the interface has it
        return self._mutant.code()

    def get_source(self, fullname: str) -> None:  # noqa: ARG002  the interface has it
        return None


def collect(judge: Judge) -> None:
    """Collects the tests and lets the judge judge."""
    os.chdir(ROOT)
    usual = hypothesis.settings.get_profile("ci")
    quick = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutate", usual, phases=quick, report_multiple_bugs=False)
    if pytest.main([*_OPTIONS, *judge.tests], plugins=[judge]) not in (0, 5):
        raise SystemExit("the tests could not be collected")


def _collected_anew(mutant: Mutant, chosen: Sequence[pytest.Item]) -> int:
    ours = (str(ROOT / "batchreset"), str(ROOT / "benchmarks"), str(ROOT / "tests"))
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(ours) and not name.startswith("benchmarks.mutation"):
            del sys.modules[name]
    sys.meta_path.insert(0, _Changed(mutant))
    files = dict.fromkeys(str(item.path) for item in chosen)
    order = {item.nodeid: at for at, item in enumerate(chosen)}
    return _KILLED if pytest.main([*_OPTIONS, *files], plugins=[_Chosen(order)]) else _SURVIVED


def _run(items: Sequence[pytest.Item]) -> bool:
    """Whether one fails; the others are not run then."""
    session = items[0].session
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return True
    return False


def _forget_results(path: Path) -> None:
    """What functions of this module remember of earlier calls."""
    for thing in vars(sys.modules[_module(path)]).values() if _module(path) in sys.modules else ():
        if callable(forget := getattr(thing, "cache_clear", None)):
            forget()


def _key(code: types.CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@functools.cache
def _imports(path: Path) -> set[str]:
    return set(_imported(ast.parse(path.read_text())))


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(name), names=aliases):
                yield name
                yield from (f"{name}.{alias.name}" for alias in aliases)
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases)
            case _:
                pass
