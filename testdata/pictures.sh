#!/bin/bash
# Draws the pictures of the documentation, by inlay itself: pictures.sh FOLDER writes them there. The
# base and the hub are made up, with sizes as they are in reality, and are the same everywhere.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

folder=$(realpath "$1")
start_hub '{"id": "intfloat/multilingual-e5-small", "files": [
      {"path": "config.json", "text": "{}"}, {"path": "modules.json", "text": "[]"},
      {"path": "1_Pooling/config.json", "text": "{}"}, {"path": "tokenizer_config.json", "text": "{}"},
      {"path": "model.safetensors", "synthetic": 471000000, "seed": 1},
      {"path": "pytorch_model.bin", "synthetic": 1000, "seed": 2},
      {"path": "sentencepiece.bpe.model", "synthetic": 5069051, "seed": 3},
      {"path": "tokenizer.json", "synthetic": 17082730, "seed": 4}]}' \
    '{"id": "sentence-transformers/all-MiniLM-L6-v2", "files": [
      {"path": "config.json", "text": "{}"}, {"path": "modules.json", "text": "[]"},
      {"path": "1_Pooling/config.json", "text": "{}"},
      {"path": "model.safetensors", "synthetic": 90868376, "seed": 5},
      {"path": "tokenizer.json", "synthetic": 466247, "seed": 6}]}'
export HF_ENDPOINT=$HUB_URL XDG_CACHE_HOME=$TEST_DIR/cache
cd "$TEST_DIR"

# A base of three layers: a system, packages, an application that runs as a user.
python3 - <<'END'
import hashlib, io, json, os, tarfile

os.makedirs('app/blobs/sha256')

def write(data):
    name = hashlib.sha256(data).hexdigest()
    open('app/blobs/sha256/' + name, 'wb').write(data)
    return 'sha256:' + name, len(data)

def layer(*entries):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode='w', format=tarfile.USTAR_FORMAT) as tar:
        for path, mode, owner, content in entries:
            member = tarfile.TarInfo(path)
            member.mode, member.uid, member.gid, member.mtime = mode, owner, owner, 1700000000
            member.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            member.size = len(content or b'')
            tar.addfile(member, io.BytesIO(content or b''))
    return write(file.getvalue())

passwd = b'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n'
layers = [
    layer(('etc', 0o755, 0, None), ('etc/passwd', 0o644, 0, passwd), ('home', 0o755, 0, None), ('usr', 0o755, 0, None),
          ('usr/lib', 0o755, 0, None), ('usr/lib/system', 0o644, 0, bytes(78000000))),
    layer(('usr/lib/python3', 0o755, 0, None), ('usr/lib/python3/packages', 0o644, 0, bytes(212000000))),
    layer(('home/app', 0o750, 1000, None), ('home/app/main.py', 0o644, 1000, bytes(24000)))]
config = json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {'User': 'app'},
                     'rootfs': {'type': 'layers', 'diff_ids': [digest for digest, _ in layers]}}).encode()
digest, size = write(config)
kind = 'application/vnd.oci.image.'
manifest = json.dumps({'schemaVersion': 2, 'mediaType': kind + 'manifest.v1+json',
    'config': {'mediaType': kind + 'config.v1+json', 'digest': digest, 'size': size},
    'layers': [{'mediaType': kind + 'layer.v1.tar', 'digest': d, 'size': s} for d, s in layers]}).encode()
digest, size = write(manifest)
json.dump({'schemaVersion': 2, 'manifests': [{'mediaType': kind + 'manifest.v1+json', 'digest': digest, 'size': size,
    'annotations': {'org.opencontainers.image.ref.name': '1.4'}}]}, open('app/index.json', 'w'))
json.dump({'imageLayoutVersion': '1.0.0'}, open('app/oci-layout', 'w'))
END
"$INLAY" plan oci:app:1.4 intfloat/multilingual-e5-small sentence-transformers/all-MiniLM-L6-v2 --to oci:app:1.4-models \
    -q --picture "$folder/plan.svg" >/dev/null
