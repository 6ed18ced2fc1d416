import sys
from pathlib import Path

from sentence_transformers import SentenceTransformer

from .config import Config

config = Config.load(Path(sys.argv[1]))
model = SentenceTransformer(config.model)
vectors = model.encode(["one", "two"], normalize_embeddings=config.normalize)
print(vectors.shape)
