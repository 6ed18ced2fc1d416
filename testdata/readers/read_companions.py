#!/usr/bin/env python3
"""Small models that make their loader ask for other repositories.

    read_companions.py make-model FOLDER CODE    a model whose code is in the repository CODE
    read_companions.py make-base FOLDER          a causal language model
    read_companions.py make-adapter FOLDER BASE  an adapter of BASE, whose files are in FOLDER, in FOLDER-adapter; prints
                                                 the next word
    read_companions.py code MODEL                loads the first by its id, and prints what it makes of ones
    read_companions.py adapter MODEL             loads the last by its id, through transformers and through
                                                 peft, and prints the class and the next word, a line each
"""
import json
import os
import sys

import torch


def make_model(folder, code):
    from safetensors.torch import save_file

    os.makedirs(folder)
    config = {
        "model_type": "tiny_remote",
        "width": 4,
        "auto_map": {
            "AutoConfig": f"{code}--configuration_tiny.TinyConfig",
            "AutoModel": f"{code}--modeling_tiny.TinyModel",
        },
    }
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)
    weights = {"scale.weight": torch.tensor([1.0, 2.0, 3.0, 4.0])}
    save_file(weights, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})


def make_base(folder):
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(1)
    config = GPT2Config(vocab_size=16, n_positions=8, n_embd=8, n_layer=1, n_head=1)
    GPT2LMHeadModel(config).save_pretrained(folder)


def make_adapter(folder, base):
    from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM

    torch.manual_seed(2)
    config = LoraConfig(
        task_type="CAUSAL_LM", r=2, target_modules=["c_attn"], fan_in_fan_out=True, init_lora_weights=False
    )
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(folder), config)
    config.base_model_name_or_path = base
    config.inference_mode = True
    config.save_pretrained(folder + "-adapter")
    weights = get_peft_model_state_dict(model)
    save_file(weights, os.path.join(folder + "-adapter", "adapter_model.safetensors"), metadata={"format": "pt"})
    print(next_word(model))


def load_code(model):
    from transformers import AutoModel

    loaded = AutoModel.from_pretrained(model, trust_remote_code=True)
    print(type(loaded).__name__, *loaded(torch.ones(4)).tolist())


def next_word(model):
    return int(model(input_ids=torch.tensor([[1, 2, 3]])).logits[0, -1].argmax())


def load_adapter(model):
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoModelForCausalLM

    for loader in AutoModelForCausalLM, AutoPeftModelForCausalLM:
        loaded = loader.from_pretrained(model)
        print(type(loaded).__name__, next_word(loaded))


{
    "make-model": make_model,
    "make-base": make_base,
    "make-adapter": make_adapter,
    "code": load_code,
    "adapter": load_adapter,
}[sys.argv[1]](*sys.argv[2:])
