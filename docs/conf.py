"""How Sphinx builds these pages: `make docs`. Nothing is fetched, neither to build them nor to read them."""

import sys
from pathlib import Path

from batchreset import __version__

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

project = "batchreset"
author = "the authors of batchreset"
copyright = author  # noqa: A001  Sphinx's name for it
language = "en"

extensions = ["myst_parser", "generator.extension"]
exclude_patterns = ["_build", "generator"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
nitpicky = True
smartquotes = False  # `--flag` is no dash
highlight_language = "text"

html_theme = "furo"
html_title = f"batchreset {__version__}"
html_static_path = ["_static"]
html_css_files = ["batchreset.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
