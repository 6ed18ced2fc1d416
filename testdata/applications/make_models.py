#!/usr/bin/env python3
"""Writes small models with random weights, a folder each, in the forms that their loaders read:

    make_models.py VOCABULARY    VOCABULARY: a tokenizer.json of BERT's kind

tiny-lm, tiny-lm-lora (an adapter of acme/tiny-lm), tiny-reranker, tiny-embedder (its code is in the
repository acme/tiny-code), tiny-code, whisper (of CTranslate2's format).
"""
import os
import shutil
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

# pylint: disable=wrong-import-position
import ctranslate2
import peft
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

CODE = '''
import torch
from transformers import PretrainedConfig, PreTrainedModel


class TinyConfig(PretrainedConfig):
    model_type = "tiny-embedder"

    def __init__(self, width=8, words=32000, **kwargs):
        self.width = width
        self.words = words
        super().__init__(**kwargs)


class TinyModel(PreTrainedModel):
    config_class = TinyConfig

    def __init__(self, config):
        super().__init__(config)
        self.table = torch.nn.Embedding(config.words, config.width)

    def forward(self, input_ids, **_):
        return self.table(input_ids).mean(dim=1)
'''


class Converter(ctranslate2.converters.TransformersConverter):
    """CTranslate2's own, for transformers of before it knew the argument dtype."""

    def load_model(self, model_class, name, **_):
        return model_class.from_pretrained(name)


def save(folder, model, tokenizer):
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def language_model(tokenizer):
    config = transformers.GPT2Config(vocab_size=len(tokenizer), n_positions=64, n_embd=16, n_layer=1, n_head=2)
    model = transformers.GPT2LMHeadModel(config)
    save("tiny-lm", model, tokenizer)
    adapter = peft.get_peft_model(model, peft.LoraConfig(r=2, init_lora_weights=False, task_type="CAUSAL_LM"))
    adapter.peft_config["default"].base_model_name_or_path = "acme/tiny-lm"
    adapter.peft_config["default"].save_pretrained("tiny-lm-lora")
    save_file(peft.get_peft_model_state_dict(adapter), "tiny-lm-lora/adapter_model.safetensors")


def reranker(tokenizer):
    config = transformers.BertConfig(vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1,
                                     num_attention_heads=2, intermediate_size=16, num_labels=1)
    save("tiny-reranker", transformers.BertForSequenceClassification(config), tokenizer)


def embedder(tokenizer):
    os.makedirs("tiny-code")
    with open("tiny-code/tiny.py", "w", encoding="utf-8") as file:
        file.write(CODE)
    sys.path.insert(0, "tiny-code")
    from tiny import TinyConfig, TinyModel

    config = TinyConfig(words=len(tokenizer), auto_map={"AutoConfig": "acme/tiny-code--tiny.TinyConfig",
                                                        "AutoModel": "acme/tiny-code--tiny.TinyModel"})
    save("tiny-embedder", TinyModel(config), tokenizer)


def whisper():
    special = ["<|endoftext|>", "<|startoftranscript|>"]
    special += [f"<|{language}|>" for language in transformers.models.whisper.tokenization_whisper.LANGUAGES]
    special += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    special += [f"<|{number / 50:.2f}|>" for number in range(1501)]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special)
    end = tokenizer.token_to_id("<|endoftext|>")
    config = transformers.WhisperConfig(
        vocab_size=tokenizer.get_vocab_size(), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, pad_token_id=end, bos_token_id=end, eos_token_id=end,
        decoder_start_token_id=tokenizer.token_to_id("<|startoftranscript|>"))
    transformers.WhisperForConditionalGeneration(config).save_pretrained("whisper-torch")
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained("whisper-torch")
    Converter("whisper-torch", copy_files=["tokenizer.json"]).convert("whisper")
    shutil.rmtree("whisper-torch")


torch.manual_seed(1)
words = transformers.PreTrainedTokenizerFast(tokenizer_file=sys.argv[1], unk_token="[UNK]", pad_token="[PAD]",
                                             cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]")
language_model(words)
reranker(words)
embedder(words)
whisper()
