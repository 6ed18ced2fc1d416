import torch
from peft import PeftConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

ADAPTER = "acme/tiny-lm-lora"

config = PeftConfig.from_pretrained(ADAPTER)
base = AutoModelForCausalLM.from_pretrained(config.base_model_name_or_path)
tokenizer = AutoTokenizer.from_pretrained(config.base_model_name_or_path)
model = PeftModel.from_pretrained(base, ADAPTER)

with torch.no_grad():
    logits = model(tokenizer("hello world", return_tensors="pt").input_ids).logits
print(tuple(logits.shape)[2])
