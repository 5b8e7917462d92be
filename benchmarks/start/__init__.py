"""How long the program takes before it does anything."""
