"""The config of a model whose code is in a repository of its own."""
from transformers import PretrainedConfig


class TinyConfig(PretrainedConfig):
    model_type = "tiny_remote"

    def __init__(self, width=4, **kwargs):
        super().__init__(**kwargs)
        self.width = width
