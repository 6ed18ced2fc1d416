import torch
from transformers import AutoModel, AutoTokenizer

model_id = "acme/tiny-embedder"
tokenizer = AutoTokenizer.from_pretrained(model_id)
model = AutoModel.from_pretrained(model_id, trust_remote_code=True)
model.eval()


def embed(text):
    with torch.no_grad():
        return model(**tokenizer(text, return_tensors="pt"))[0].tolist()


if __name__ == "__main__":
    print(len(embed("search_query: what is a layer?")))
