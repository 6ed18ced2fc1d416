#!/usr/bin/env python3
"""Asks a collection of Chroma that has no embedding function of its own, and prints which document is
nearest, and the digest of a vector.

    read_chroma.py [FOLDER]    the model is in FOLDER/onnx, in place of the cache in the home folder
"""
import hashlib
import sys

import chromadb
import numpy
from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

if len(sys.argv) > 1:
    ONNXMiniLM_L6_V2.DOWNLOAD_PATH = sys.argv[1]
collection = chromadb.EphemeralClient().create_collection("documents")
collection.add(ids=["animals", "money"], documents=["The quick brown fox jumps.", "Stocks fell again today."])
nearest = collection.query(query_texts=["wild life in the forest"], n_results=1)["ids"][0][0]
vector = numpy.float32(collection.get(ids=["animals"], include=["embeddings"])["embeddings"][0])
print(nearest, len(vector), hashlib.sha256(vector.tobytes()).hexdigest())
