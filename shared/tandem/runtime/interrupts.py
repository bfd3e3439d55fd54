"""How a command ends when its user presses Ctrl-C: in order, without a traceback, as shells expect.

What the command has started it ends itself, in its own `finally`.
"""

import sys
from collections.abc import Callable

EXIT_INTERRUPTED = 130


def run_command(main: Callable[[], int]) -> int:
    """Run a command and return its exit code; 130 when it was interrupted."""
    try:
        return main()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return EXIT_INTERRUPTED
