"""The command line: one file a subcommand; they parse, call the library, and print."""


def main() -> None:
    """Run the ``seqkit`` command."""
    from seqkit.cli.app import run

    run()
