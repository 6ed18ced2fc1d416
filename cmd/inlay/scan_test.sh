#!/bin/bash
# What an application will ask for is said before it asks: from an image, or from a folder of sources.
. "$(dirname "$0")/../../testdata/lib.sh"
cd "$TEST_DIR" || exit

mkdir -p app/app app/usr/lib/python3.11/site-packages/{sentence_transformers-3.0.1,chromadb-0.5.0}.dist-info
packages=app/usr/lib/python3.11/site-packages
printf 'Metadata-Version: 2.1\nName: sentence-transformers\nVersion: 3.0.1\n' \
    >$packages/sentence_transformers-3.0.1.dist-info/METADATA
printf 'Metadata-Version: 2.1\nName: chromadb\nVersion: 0.5.0\n' >$packages/chromadb-0.5.0.dist-info/METADATA
cat >app/app/main.py <<'END'
import os

import chromadb
from langchain_huggingface import HuggingFaceEmbeddings

embeddings = HuggingFaceEmbeddings(model_name=os.environ["EMBEDDING_MODEL"])
documents = chromadb.PersistentClient("/data").get_or_create_collection("documents")
END
cat >app/app/worker.py <<'END'
import os
from sentence_transformers import CrossEncoder

reranker = CrossEncoder(os.environ["RERANKER"])
END
start_hub '{"id": "acme/e5", "files": [{"path": "config.json", "text": "{}"}, {"path": "modules.json", "text": "[]"},
    {"path": "model.safetensors", "synthetic": 2000}]}'
export HF_ENDPOINT=$HUB_URL
make_base base 1 --user app --env EMBEDDING_MODEL=acme/e5 --extra app

# Both models with file and line, what only a start tells, and what to do.
expect_exit 0 "$INLAY" scan oci:base:1
expect_eq 'MODEL                    SURE  BAKED  LOADER                       WHERE
acme/e5                  sure  no     sentence-transformers 3.0.1  /app/main.py:6
chroma:all-MiniLM-L6-v2  sure  no     chromadb 0.5.0               /app/main.py:7

Not known before it runs:
  /app/worker.py:4: model_name_or_path of CrossEncoder() comes from the variable RERANKER, which the image does not set

To bake what is sure:
  inlay inject oci:base:1 --scan --to TARGET' "$OUT" 'what scan says'
expect_eq '' "$ERR" 'stderr'
expect_exit 0 "$INLAY" scan oci:base:1 --json
expect_json "$OUT" '.platform' '"linux/amd64"'
expect_json "$OUT" '[.models[] | [.model, .loader, .version, .places[0], .sure, .baked]]' \
    '[["acme/e5","sentence-transformers","3.0.1","/app/main.py:6",true,false],["chroma:all-MiniLM-L6-v2","chromadb","0.5.0","/app/main.py:7",true,false]]'
expect_json "$OUT" '.unresolved | length' 1
expect_valid() {
    /usr/bin/python3 -W ignore -m jsonschema -i "$1" "$TESTDATA/../docs/scan.schema.json" >schema.out 2>&1 ||
        fail "$1 is not what the schema says: $(head -3 schema.out)"
}
printf '%s' "$OUT" >image.json
expect_valid image.json

# What it names can be injected as it stands there, and is then told to be there.
expect_exit 0 "$INLAY" inject oci:base:1 acme/e5 --to oci:out:1
expect_exit 0 "$INLAY" scan oci:out:1 --json
expect_json "$OUT" '[.models[] | [.model, .baked]]' '[["acme/e5",true],["chroma:all-MiniLM-L6-v2",false]]'
expect_exit 0 "$INLAY" inject oci:base:1 acme/e5 --layout fastembed --to oci:out:2
expect_exit 0 "$INLAY" scan oci:out:2 --json
expect_json "$OUT" '[.models[].baked]' '[false,false]' # it lies in the cache of another loader
expect_exit 0 "$INLAY" inject oci:base:1 acme/e5 --layout hf-hub --to oci:out:3
expect_exit 0 "$INLAY" scan oci:out:3 --json
expect_json "$OUT" '[.models[].baked]' '[true,false]' # whose tree is the same

# Sources of this machine; the variable is not set there.
expect_exit 0 "$INLAY" scan dir:app
expect_contains "$OUT" 'chroma:all-MiniLM-L6-v2  sure  no     chromadb'
expect_contains "$OUT" 'app/main.py:6: model_name of HuggingFaceEmbeddings() comes from the variable EMBEDDING_MODEL'
expect_contains "$OUT" 'inlay inject IMAGE chroma:all-MiniLM-L6-v2 --to TARGET'

# What is no Python: a command line, a service in Node, configs that nobody is known to read, variables.
mkdir -p mixed/node_modules/@huggingface/transformers
printf 'FROM vllm\nCMD ["vllm", "serve", "acme/llm", "--port", "80"]\n' >mixed/Dockerfile
printf '{"name": "@huggingface/transformers", "version": "4.3.1"}' >mixed/node_modules/@huggingface/transformers/package.json
printf "import { pipeline } from '@huggingface/transformers';\nawait pipeline('ner', 'acme/ner', { dtype: 'q8' });\n" >mixed/a.mjs
printf 'rerank:\n  model: acme/rerank # small\n' >mixed/config.yaml
expect_exit 0 "$INLAY" scan dir:mixed
expect_contains "$OUT" 'acme/llm     sure   no     vllm                             Dockerfile:2'
expect_contains "$OUT" 'acme/ner     sure   no     @huggingface/transformers 4.3.1  a.mjs:2'
expect_contains "$OUT" 'acme/rerank  guess  no     -                                config.yaml: rerank.model'
expect_contains "$OUT" 'inlay inject IMAGE acme/llm acme/ner,layout=transformers-js,weights=onnx:q8 --to TARGET'
expect_exit 0 "$INLAY" scan dir:mixed --json
printf '%s' "$OUT" >mixed.json
expect_valid mixed.json

# A Dockerfile says what its image will set: arguments with their defaults, the last stage, the script that it starts.
mkdir -p built
cat >built/Dockerfile <<'END'
ARG SIZE=base
FROM python AS build
ENV RERANKER=acme/no
FROM python
ARG SIZE
ENV EMBEDDER="acme/e5-$SIZE" \
    MODEL_ID=acme/served
CMD ["./start.sh"]
END
printf '#!/bin/sh\nhf download acme/first\n' >built/start.sh
printf '#!/bin/sh\nhf download acme/never\n' >built/other.sh
cat >built/app.py <<'END'
import os
from sentence_transformers import CrossEncoder, SentenceTransformer

SentenceTransformer(os.environ["EMBEDDER"])
CrossEncoder(os.environ["RERANK"])
END
expect_exit 0 "$INLAY" scan dir:built
expect_contains "$OUT" 'acme/e5-base  sure   no     sentence-transformers  app.py:4'
expect_contains "$OUT" 'acme/first    sure   no     huggingface-hub        start.sh:2'
expect_contains "$OUT" 'acme/never    guess  no     huggingface-hub        other.sh:2'
expect_contains "$OUT" 'acme/served   guess  no     -                      Dockerfile: ENV MODEL_ID'
expect_contains "$OUT" 'app.py:5: model_name_or_path of CrossEncoder() comes from the variable RERANK, which nothing here sets'

# What sources have in them is no command of the shell that the line is pasted into.
mkdir -p quoted
printf 'from huggingface_hub import hf_hub_download\nhf_hub_download("acme/x", "a\x27; touch pwned; echo \x27b")\n' >quoted/a.py
expect_exit 0 "$INLAY" scan dir:quoted
line=$(grep 'inlay inject IMAGE' <<<"$OUT")
eval "set -- ${line#*IMAGE}"
expect_no_file pwned
expect_eq "acme/x,include=a'; touch pwned; echo 'b" "$1"

# A path without its prefix is no image; what is meant is said.
for path in ./app . "$TEST_DIR/app"; do
    expect_exit 2 "$INLAY" scan "$path"
    expect_contains "$ERR" "IMAGE: '$path' is a path; expected dir:$path for a folder with sources, oci:$path for an image"
done

# Nothing is no mistake; a file that does not parse is said.
mkdir -p empty odd
printf 'x = "open\n' >odd/a.py
printf '\0\0' >odd/b.py
expect_exit 0 "$INLAY" scan dir:empty
expect_eq 'no models found' "$OUT"
expect_exit 0 "$INLAY" scan dir:odd
expect_contains "$OUT" 'a.py is not read: '
expect_contains "$OUT" 'b.py'
expect_exit 0 "$INLAY" scan dir:odd --json
expect_json "$OUT" '[(.skipped | length), (.notes | length)]' '[2,0]'

# The line to take names no files of which the loader may go without some.
mkdir -p words
printf 'from transformers import AutoTokenizer\nAutoTokenizer.from_pretrained("acme/words")\n' >words/a.py
expect_exit 0 "$INLAY" scan dir:words
expect_contains "$OUT" 'inlay inject IMAGE acme/words --to TARGET'
expect_exit 3 "$INLAY" scan dir:nowhere
expect_contains "$ERR" 'nowhere'
expect_exit 3 "$INLAY" scan oci:base:1 --platform linux/s390x
expect_eq 'inlay: the image oci:base is not for linux/s390x' "$ERR"
expect_exit 2 "$INLAY" scan dir:app --platform linux/amd64
