#!/usr/bin/env python3
"""Small models for model2vec.

    static_model.py make FOLDER NUMBER    writes one: each word is the vector [NUMBER, NUMBER]
    static_model.py load ID               loads it by its id, and prints the vector of a word
"""
import json
import os
import sys


def make(folder, number):
    import numpy
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer, models, pre_tokenizers

    os.makedirs(folder)
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "word": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(os.path.join(folder, "tokenizer.json"))
    save_file(
        {"embeddings": numpy.full((2, 2), number, dtype=numpy.float32)},
        os.path.join(folder, "model.safetensors"),
    )
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump({"model_type": "model2vec", "normalize": False}, file)


def load(model):
    from model2vec import StaticModel

    print(*StaticModel.from_pretrained(model).encode(["word"])[0])


if sys.argv[1] == "make":
    make(sys.argv[2], float(sys.argv[3]))
else:
    load(sys.argv[2])
