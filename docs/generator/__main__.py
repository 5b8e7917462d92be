"""Write the texts that are committed, as what uses them cannot make them."""

from generator.committed import COMMITTED, ROOT

for path, text in COMMITTED.items():
    target = ROOT / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text(), encoding="utf-8")
