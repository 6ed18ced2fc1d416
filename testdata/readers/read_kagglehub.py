#!/usr/bin/env python3
"""Prints the files of a model of Kaggle, as kagglehub finds them:  read_kagglehub.py HANDLE"""
import os
import sys

import kagglehub

print(*sorted(os.listdir(kagglehub.model_download(sys.argv[1]))))
