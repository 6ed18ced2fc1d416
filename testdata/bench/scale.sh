#!/bin/bash
# The rows of the benchmark about what grows with a model, with --jobs, and with machines; run.sh
# sources this. Models are zeros, and the registry keeps nothing.
# shellcheck disable=SC2034,SC2154 # the variables are run.sh's

# serve_zeros COUNT SIZE: a model of COUNT files of zeros, of SIZE together. Each is some bytes longer
# than the one before, as equal files are one blob in the Hub's cache.
serve_zeros() {
    local i digest
    for ((i = 0; i < $1; i++)); do
        truncate -s $(($(bytes_of "$2") / $1 + 512 * i)) "$CDN_DIR/zeros"
        digest=$(openssl dgst -sha256 -r "$CDN_DIR/zeros" | cut -d ' ' -f 1)
        describe "model-$i.safetensors" "$CDN_DIR/zeros" "$digest"
    done >"$TEST_DIR/files.jsonl"
    serve_model <"$TEST_DIR/files.jsonl"
    use_null_registry
}

before_jobs-1() { before_null; }
before_jobs-4() { before_null; }
before_jobs-16() { before_null; }
before_jobs-64() { before_null; }
row_memory() {
    local of
    for of in 1GiB "$null"; do
        serve_zeros 1 "$of"
        contest "memory-$of" "$of in one file: memory and disk" jobs-4
        drop_model
    done
    serve_zeros 16 "$size"
    contest memory-jobs "$size in 16 files: memory and disk by --jobs" jobs-1 jobs-4 jobs-16 jobs-64
}

# Machines of 50 MB/s in each direction; `--limit-rate` stands for their network.
before_machines() { before_null; }
row_machines() {
    serve_zeros 16 "$size"
    contest machines "$size in 16 files, by 1 to 8 machines of 50 MB/s" machines-1 machines-2 \
        machines-4 machines-8
}
