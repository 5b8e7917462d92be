"""Holds a run until its standard input ends, or says that it could not.

Run as a program: lock_holder.py FOLDER
"""

import sys
from pathlib import Path

from batchreset.adapters.run_folder import RunFolder, holding
from batchreset.errors import BatchresetError

if __name__ == "__main__":
    try:
        with holding(RunFolder(Path(sys.argv[1]))):
            sys.stdout.write("held\n")
            sys.stdout.flush()
            sys.stdin.read()
    except BatchresetError as error:
        sys.stdout.write(f"{type(error).__name__} {error.what}\n")
        sys.exit(error.exit_code)
