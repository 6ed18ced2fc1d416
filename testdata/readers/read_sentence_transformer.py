#!/usr/bin/env python3
"""Prints the vector that a model has for a sentence, its digest and first numbers, a line each model.

    read_sentence_transformer.py MODEL...    ids or folders, through sentence-transformers and, where
                                             that is installed, LangChain's HuggingFaceEmbeddings
"""
import hashlib
import importlib.util
import sys

import numpy
from sentence_transformers import SentenceTransformer

SENTENCE = "The quick brown fox."


def show(vector):
    vector = numpy.float32(vector)
    print(hashlib.sha256(vector.tobytes()).hexdigest(), *(f"{number:.3f}" for number in vector[:4]))


for model in sys.argv[1:]:
    show(SentenceTransformer(model).encode([SENTENCE])[0])
if importlib.util.find_spec("langchain_huggingface"):
    from langchain_huggingface import HuggingFaceEmbeddings

    for model in sys.argv[1:]:
        show(HuggingFaceEmbeddings(model_name=model).embed_query(SENTENCE))
