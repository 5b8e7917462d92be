"""What goes wrong: which kinds there are, when each comes, and what becomes of an answer."""
