"""Pictures for the papers, made of real runs: `make pictures`. Needs tmux, and chromium with its driver for pages."""
