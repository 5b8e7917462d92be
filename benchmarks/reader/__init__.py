"""How long it takes to check a large input, and how much memory."""
