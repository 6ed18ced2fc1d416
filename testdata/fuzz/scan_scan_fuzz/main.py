=import numpy as np
from fastembed import TextEmbedding

documents: list[str] = [
    "fastembed runs on the ONNX runtime.",
    "Bread is baked of flour, water and salt.",
]
embedding_model = TextEmbedding(model_name="BAAI/bge-small-en-v1.5")
vectors = np.stack(list(embedding_model.embed(documents)))
query = next(iter(embedding_model.query_embed("What runs the model?")))
print(documents[int(np.argmax(vectors @ query))])
