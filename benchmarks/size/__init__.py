"""How much memory every command takes, and how long, as runs become large."""
