import logging
import os
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic_settings import BaseSettings
from sentence_transformers import CrossEncoder, SentenceTransformer

logger = logging.getLogger("uvicorn.error")


class Settings(BaseSettings):
    embedding_model: str = "sentence-transformers/all-mpnet-base-v2"
    max_results: int = 3


settings = Settings()
RERANKER = os.getenv("RERANKER_MODEL", "acme/tiny-reranker")
models = {}


@asynccontextmanager
async def lifespan(app: FastAPI):
    logger.info("loading %s and %s", settings.embedding_model, RERANKER)
    models["embedder"] = SentenceTransformer(settings.embedding_model)
    models["reranker"] = CrossEncoder(RERANKER)
    yield
    models.clear()


app = FastAPI(title="Ranking", lifespan=lifespan)


class Query(BaseModel):
    question: str
    passages: list[str]


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/rank")
def rank(query: Query):
    question = models["embedder"].encode(query.question)
    passages = models["embedder"].encode(query.passages)
    scores = passages @ question
    best = [query.passages[i] for i in scores.argsort()[::-1][: settings.max_results]]
    again = models["reranker"].predict([(query.question, passage) for passage in best])
    return {"passages": best, "reranked": len(again)}
