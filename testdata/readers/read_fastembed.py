#!/usr/bin/env python3
"""Prints the digest of a vector, as fastembed's default model computes it.

    read_fastembed.py [FOLDER]    the model is in FOLDER, in place of the cache
"""
import hashlib
import sys

from fastembed import TextEmbedding

folder = sys.argv[1] if len(sys.argv) > 1 else None
vector = next(iter(TextEmbedding("BAAI/bge-small-en-v1.5", specific_model_path=folder).embed(["The quick brown fox."])))
print(len(vector), hashlib.sha256(vector.astype("float32").tobytes()).hexdigest())
