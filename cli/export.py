"""``seqkit export``: a run for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from seqkit.cli.arguments import RunArgument


def export(
    run: RunArgument,
    onnx: Annotated[bool, typer.Option("--onnx", help="As ONNX, checked against torch.")] = False,
    int8: Annotated[
        bool, typer.Option("--int8", help="Round weights to 8 bits: smaller, faster, less exact.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="A folder [RUN/onnx], or a file.onnx: the graph alone."),
    ] = None,
) -> None:
    """Write a run as ONNX: what answers without torch, here or in other programs."""
    from importlib.util import find_spec

    from seqkit.errors import SeqkitError

    if not onnx:
        raise SeqkitError(f"say what to export to: seqkit export {run} --onnx.")
    if not (find_spec("onnx") and find_spec("onnxruntime")):
        raise SeqkitError(
            "--onnx needs the packages onnx and onnxruntime: pip install 'seqkit-nlp[onnx]'."
        )
    from seqkit.export.exporting import export as write

    done = write(run, out, int8=int8)
    sizes = ", ".join(f"{rows}x{time}" for rows, time in done.sizes)
    print(f"checked against torch at {sizes} (rows x time): they differ by {done.difference:.1g}")
    for name, size in done.bytes.items():
        place = done.path if done.path.is_file() else done.path / name
        print(f"{place}: {size / 1e6:.2f} MB{', 8-bit weights' if int8 else ''}")
    if done.path.is_dir():
        print(f"Then: seqkit predict {done.path} --runtime onnx")
