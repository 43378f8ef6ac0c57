"""What several components share. Importing this package puts its JavaScript into the bundle."""

from pathlib import Path

import reflex as rx
from reflex.environment import EnvironmentVariables

# The versions that Reflex itself pins, so that the bundle has each of them once.
LUCIDE = "lucide-react@1.26.0"
RADIX_DIALOG = "@radix-ui/react-dialog@1.3.1"
RADIX_MENU = "@radix-ui/react-dropdown-menu@2.2.1"

_ROOT = Path(__file__).parents[3]
_CLIENT = "packages/react/src/client"
_IS_BUILT = EnvironmentVariables.REFLEX_SKIP_COMPILE.get()
"""Whether the finished export is served. Then nobody asks for modules, and telling Reflex of them would be most of the
start: it looks through its whole call stack for each."""


class Island(rx.Component):
    """A component of our own JavaScript: `library` is its module, from `jsx`, and `tag` what that exports. The bundle
    has the packages once, whoever asks for them."""

    lib_dependencies: list[str] = [LUCIDE, RADIX_DIALOG, RADIX_MENU]


def jsx(name: str) -> str:
    """The module of this name beside the caller's, as the bundle knows it."""
    return name if _IS_BUILT else rx.asset(name, shared=True, _stack_level=2).importable_path


def share(*names: str) -> None:
    """Put modules beside the caller's into the bundle because others import them."""
    for name in () if _IS_BUILT else names:
        rx.asset(name, shared=True, _stack_level=2)


def _share_client() -> None:
    """The part of `packages/react` that knows no framework, as TypeScript: vite reads that. Its place in the bundle's
    folder mirrors the one in ours, so that the address in an `import` is right in both."""
    here = Path(__file__).parent
    up = "../" * len(here.relative_to(_ROOT).parts)
    folder = Path.cwd() / "assets" / "external" / _CLIENT
    folder.mkdir(parents=True, exist_ok=True)  # Reflex makes only that of our own module
    for path in sorted((_ROOT / _CLIENT).glob("*.ts")):
        rx.asset(f"{up}{_CLIENT}/{path.name}", shared=True)


if not _IS_BUILT:
    _share_client()
share("icons.js", "letters.js", "live.js", "session.js", "time.js", "useList.js", "useOrigin.js", "useRest.js")
share("Copyable.jsx", "Dialog.jsx", "Field.jsx", "Lists.jsx", "Menu.jsx", "Meter.jsx", "Opener.jsx", "Question.jsx")


class Time(Island):
    """A moment (RFC 3339) in the reader's own time zone, said as `short`, `day` or `exact`."""

    library = jsx("Time.jsx")
    tag = "Time"

    at: rx.Var[str]
    form: rx.Var[str]


class Total(Island):
    """`4 tokens`, beside a title: the total of a list of the API, asked again when `what` changed."""

    library = jsx("Total.jsx")
    tag = "Total"

    path: rx.Var[str]
    what: rx.Var[str]
    one: rx.Var[str]
    many: rx.Var[str]


time = Time.create
total = Total.create
