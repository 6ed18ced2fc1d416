#!/bin/sh
# sh bake.sh: the shards, then the image; prints the image with its digest. One that fails ends it, and is not waited for.
set -eu
cd "$(dirname "$0")"

# Creates the Job of a file, waits until it has ended, and says in `job` what it is called.
run() {
    job=$(kubectl create -f "$1" -o name)
    lost=0
    while :; do
        if state=$(kubectl get "$job" -o jsonpath='{.status.conditions[?(@.status=="True")].type}'); then
            lost=0
        else
            state='' lost=$((lost + 1))
            [ "$lost" -lt 30 ] || { echo "$job cannot be looked at" >&2 && exit 1; }
        fi
        case $state in
        *Failed*)
            echo "$job has failed; see: kubectl logs $job" >&2
            exit 1
            ;;
        *Complete*) return ;;
        esac
        sleep "${WAIT_S:-10}"
    done
}

run shards.yaml
run image.yaml
kubectl get pods -l "job-name=${job##*/}" -o jsonpath='{.items[*].status.containerStatuses[0].state.terminated.message}'
echo
