#!/usr/bin/env python3
"""An application as the articles write it: LangChain's embeddings for its texts, and a collection of
Chroma's that is made without an embedding function. Prints what both find for one question.

    read_application.py MODEL
"""
import sys

import chromadb
from langchain_huggingface import HuggingFaceEmbeddings

TEXTS = ["A cat sleeps on the sofa.", "The stock market fell on Monday."]
QUESTION = "Where is the animal?"


def main():
    embeddings = HuggingFaceEmbeddings(model_name=sys.argv[1])
    question = embeddings.embed_query(QUESTION)
    scores = [sum(a * b for a, b in zip(question, text)) for text in embeddings.embed_documents(TEXTS)]
    collection = chromadb.EphemeralClient().create_collection("texts")
    collection.add(documents=TEXTS, ids=["0", "1"])
    found = collection.query(query_texts=[QUESTION], n_results=1)
    print("LangChain", TEXTS[scores.index(max(scores))])
    print("Chroma", found["documents"][0][0])


if __name__ == "__main__":
    main()
