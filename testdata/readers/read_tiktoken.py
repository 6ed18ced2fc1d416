#!/usr/bin/env python3
"""Prints the tokens of a text for GPT-4, which tiktoken maps to cl100k_base."""
import tiktoken

print(*tiktoken.encoding_for_model("gpt-4").encode("hello world"))
