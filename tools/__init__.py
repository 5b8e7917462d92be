"""What keeps the papers true: made from the program, run by `make`, no part of what is installed."""
