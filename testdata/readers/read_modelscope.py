#!/usr/bin/env python3
"""Prints the files of models of ModelScope, as its client finds them:  read_modelscope.py MODEL..."""
import os
import sys

from modelscope import snapshot_download

for model in sys.argv[1:]:
    print(model, *sorted(os.listdir(snapshot_download(model, local_files_only=True))))
