"""`python -m tools.messages`: the table, as Markdown; `--breaches`: which house rule which message breaks."""

import sys

from tools.messages import as_markdown, breaches, messages


def main() -> int:
    found = messages()
    if "--breaches" not in sys.argv[1:]:
        sys.stdout.write(as_markdown(found))
        return 0
    broken = [line for message in found for line in breaches(message)]
    sys.stdout.writelines(f"{line}\n" for line in broken)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
