"""Run every benchmark, or those that are named: `python -m bench deliveries`."""

import sys
from importlib import import_module
from pathlib import Path

_HERE = Path(__file__).parent


def main() -> None:
    """Each prints what it measured."""
    known = sorted(path.stem for path in _HERE.glob("[a-z]*.py"))
    wanted = sys.argv[1:] or known
    for name in wanted:
        if name not in known:
            sys.exit(f"There is no benchmark {name}; there are: {', '.join(known)}")
    for name in wanted:
        import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
