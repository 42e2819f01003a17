"""What one request may ask for, and how many may wait: all that a server refuses beyond."""

from pydantic import Field

from seqkit.settings import settings


@settings
class Limits:
    """The limits of a server; what is beyond them is refused with one clear line."""

    body: int = Field(default=1 << 20, ge=1 << 10, description="bytes of a request")
    texts: int = Field(default=64, ge=1, description="texts of a request")
    characters: int = Field(default=4_000, ge=1, description="characters of a text")
    queue: int = Field(default=1_000, ge=1, description="texts that wait for one run")
    wait: float = Field(
        default=5.0, gt=0, le=3600, description="seconds that a text is expected to wait"
    )
    seconds: float = Field(default=30.0, gt=0, le=3600, description="until an answer")
    stop: float = Field(default=10.0, ge=0, le=3600, description="seconds to finish at the end")
    at_once: int = Field(default=32, ge=1, description="texts that a run reads together")
