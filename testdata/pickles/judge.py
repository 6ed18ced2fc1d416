#!/usr/bin/env python3
"""What CPython's own disassembler says that a run of pickles imports: one "module.name" a line.

    judge.py FILE

Of names that stand on the stack it takes the texts that were pushed last, which is enough for the
pickles that make.py writes in this way. A pickle that is damaged ends the run.
"""

import pickletools
import sys

with open(sys.argv[1], "rb") as stream:
    size = stream.seek(0, 2)
    stream.seek(0)
    try:
        while stream.tell() < size:
            texts = []
            for opcode, argument, _ in pickletools.genops(stream):
                if opcode.name in ("GLOBAL", "INST"):
                    print(argument.replace(" ", "."))
                elif opcode.name == "STACK_GLOBAL":
                    print(".".join(texts[-2:]))
                elif "UNICODE" in opcode.name or "STRING" in opcode.name:
                    texts.append(argument)
    except ValueError:
        pass
