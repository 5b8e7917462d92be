"""The camera before the film: a real command in a real terminal, its number typed, its paths read as a paper's."""

import pytest

from tools.pictures.filming import filmed, stage


@pytest.mark.programs
def test_a_command_is_typed_run_and_answered() -> None:
    with stage() as on:
        shown = {str(on.folder): "/srv/incident"}
        frames = filmed(on, "batchreset run users.csv --run-id r --customer nobody", shown=shown)
        assert frames[0].lines == ("$ █",)
        assert any("error: the settings cannot be used" in line for line in frames[-1].lines)
        frames = filmed(on, "batchreset run users.csv --run-id r --max-duration 1s", shown=shown)
    lines = "\n".join(frames[-1].lines)
    assert "passwords: 240" in lines
    assert "/srv/incident/runs/r/results.csv" in lines
    assert "(end)" not in lines
