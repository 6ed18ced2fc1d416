#!/usr/bin/env python3
"""Prints stop words, and sentences and words as NLTK's punkt tokenizer finds them."""
from nltk import sent_tokenize, word_tokenize
from nltk.corpus import stopwords

print(*stopwords.words("english"))
print(*sent_tokenize("Dr. Who left. He ran."), sep=" | ")
print(*word_tokenize("He ran."), sep=" | ")
