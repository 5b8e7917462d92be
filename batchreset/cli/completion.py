"""`completion`: the script by which a shell completes batchreset's words."""

import click

from batchreset.cli.completing import SHELLS, script
from batchreset.cli.saying import tell


@click.command()
@click.argument("shell", type=click.Choice(list(SHELLS)))
def completion(*, shell: str) -> None:
    """Print the script by which a shell completes commands, flags, runs and reasons.

    For bash, in ~/.bashrc: eval "$(batchreset completion bash)". For zsh, in ~/.zshrc, after compinit: eval
    "$(batchreset completion zsh)". For fish: batchreset completion fish > ~/.config/fish/completions/batchreset.fish

    An installed batchreset also brings the scripts along, in share/ of where it is installed.
    """
    tell(script(shell).rstrip("\n"))
