"""The command line: one file a subcommand; they parse, call the library, and print."""


def main() -> None:
    """Run the ``seqkit`` command."""
    try:
        from seqkit.cli.app import run

        run()
    except KeyboardInterrupt:  # while Python was still importing
        raise SystemExit(130) from None
