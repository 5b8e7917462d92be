"""`python -m batchreset`."""

from batchreset.cli.main import main

if __name__ == "__main__":
    main()
