"""Transcribes the files of a folder, oldest first, and ends.

    transcribe.py [FOLDER]
"""
import argparse
from pathlib import Path

from faster_whisper import WhisperModel

MODEL_SIZE = "tiny"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path, default=Path("inbox"))
    arguments = parser.parse_args()
    model = WhisperModel(MODEL_SIZE, device="cpu", compute_type="int8")
    print(f"ready: {MODEL_SIZE}")
    for path in sorted(arguments.folder.glob("*.wav"), key=lambda p: p.stat().st_mtime):
        segments, _ = model.transcribe(str(path), beam_size=5)
        print(path.name, " ".join(segment.text for segment in segments))


if __name__ == "__main__":
    main()
