"""Answers questions about a handful of documents."""
import chromadb
from langchain_huggingface import HuggingFaceEmbeddings

DOCUMENTS = [
    "The cafeteria opens at eight and closes at three.",
    "Holidays are asked for in the portal, two weeks ahead.",
    "A lost badge is reported to the front desk.",
]

embeddings = HuggingFaceEmbeddings(
    model_name="sentence-transformers/all-MiniLM-L6-v2",
    encode_kwargs={"normalize_embeddings": True},
)

client = chromadb.EphemeralClient()
documents = client.get_or_create_collection("documents")
documents.add(documents=DOCUMENTS, ids=[str(i) for i in range(len(DOCUMENTS))])


def rank(question: str) -> str:
    query = embeddings.embed_query(question)
    vectors = embeddings.embed_documents(DOCUMENTS)
    scores = [sum(a * b for a, b in zip(query, vector)) for vector in vectors]
    return DOCUMENTS[scores.index(max(scores))]


def search(question: str) -> str:
    return documents.query(query_texts=[question], n_results=1)["documents"][0][0]


if __name__ == "__main__":
    for question in ("When can I get lunch?", "How do I take a day off?"):
        print(rank(question), "|", search(question))
