#!/bin/bash
# Stands for the programs of clouds, and for those that sign, in the pages of docs/tasks: it is linked under their names.
# Logins are kept as docker keeps them. $TASKS_PASSWORD is the password of all, $TASKS_ACR the registry that `az` knows,
# $TASKS_SIGNED a file of what has been signed.
set -euo pipefail

login() { # USER HOST
    skopeo login --tls-verify=false --authfile "$DOCKER_CONFIG/config.json" --username "$1" --password-stdin "$2" >/dev/null
}

# The last argument, which has to be an image by its digest that is there.
signable() {
    [[ ${*: -1} == *@sha256:* ]] || exit 64
    skopeo inspect --raw --tls-verify=false "docker://${*: -1}" >/dev/null
}

case "${0##*/} $*" in
"docker login --username "*" --password-stdin "*) login "$3" "$5" ;;
"aws ecr get-login-password --region "*) printf '%s' "$TASKS_PASSWORD" ;;
"aws ecr create-repository --repository-name "*) ;;
"gcloud auth configure-docker "*" --quiet") printf '{"credHelpers": {"%s": "gcloud"}}' "$3" >"$DOCKER_CONFIG/config.json" ;;
"docker-credential-gcloud get") printf '{"Username": "oauth2accesstoken", "Secret": "%s"}' "$TASKS_PASSWORD" ;;
"az acr login --name "*) login 00000000-0000-0000-0000-000000000000 "$TASKS_ACR" <<<"$TASKS_PASSWORD" ;;
"cosign sign "* | "notation sign "*)
    signable "$@"
    echo "${0##*/} ${*: -1}" >>"$TASKS_SIGNED"
    ;;
"cosign verify "* | "notation verify "*) grep -qxF "${0##*/} ${*: -1}" "$TASKS_SIGNED" ;;
*)
    echo "${0##*/}: no stand-in for: $*" >&2
    exit 64
    ;;
esac
