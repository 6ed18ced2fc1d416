"""Checks documents against the JSON schemas of the OCI image specification.

validate_schema.py SCHEMA_DIR KIND FILE, where KIND is config, index, layout or manifest. Prints the
first violation and exits with 1. Needs Debian's python3-jsonschema; the schemas are those of
golang-github-opencontainers-image-spec-dev. Their "id" members point to places that jsonschema
does not resolve, so they are taken out and references go by the names of the files.
"""

import json
import pathlib
import sys

import jsonschema


def without_ids(value):
    if isinstance(value, dict):
        return {
            name: without_ids(member)
            for name, member in value.items()
            if not (name == "id" and isinstance(member, str))
        }
    if isinstance(value, list):
        return [without_ids(member) for member in value]
    return value


def main():
    folder, kind, path = sys.argv[1:]
    files = pathlib.Path(folder).glob("*.json")
    schemas = {file.name: without_ids(json.loads(file.read_text())) for file in files}
    name = {"config": "config-schema.json"}.get(kind, f"image-{kind}-schema.json")
    resolver = jsonschema.RefResolver(base_uri="", referrer=schemas[name], store=schemas)
    validator = jsonschema.Draft4Validator(schemas[name], resolver=resolver)
    for violation in validator.iter_errors(json.loads(pathlib.Path(path).read_text())):
        print(f"{'/'.join(map(str, violation.absolute_path))}: {violation.message[:300]}")
        sys.exit(1)


main()
