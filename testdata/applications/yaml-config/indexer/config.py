from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass
class Config:
    model: str
    normalize: bool
    chunk_size: int

    @classmethod
    def load(cls, path: Path) -> "Config":
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return cls(chunk_size=data["index"]["chunk_size"], **data["embedding"])
