"""What several components share. Importing this package puts its JavaScript into the bundle."""

import reflex as rx

# The versions that Reflex itself pins, so that the bundle has each of them once.
LUCIDE = "lucide-react@1.26.0"
RADIX_DIALOG = "@radix-ui/react-dialog@1.3.1"
RADIX_MENU = "@radix-ui/react-dropdown-menu@2.2.1"

_MODULES = ("icons.js", "letters.js", "session.js", "time.js", "useList.js", "useOrigin.js", "useRest.js")
_PARTS = ("Copyable.jsx", "Dialog.jsx", "Field.jsx", "Lists.jsx", "Menu.jsx", "Meter.jsx", "Opener.jsx", "Question.jsx")
for _name in (*_MODULES, *_PARTS):
    rx.asset(_name, shared=True)
_TIME = rx.asset("Time.jsx", shared=True)
_TOTAL = rx.asset("Total.jsx", shared=True)


class Time(rx.Component):
    """A moment (RFC 3339) in the reader's own time zone, said as `short`, `day` or `exact`."""

    library = _TIME.importable_path
    tag = "Time"

    at: rx.Var[str]
    form: rx.Var[str]


class Total(rx.Component):
    """`4 tokens`, beside a title: the total of a list of the API, asked again when `what` changed."""

    library = _TOTAL.importable_path
    tag = "Total"

    path: rx.Var[str]
    what: rx.Var[str]
    one: rx.Var[str]
    many: rx.Var[str]


time = Time.create
total = Total.create
