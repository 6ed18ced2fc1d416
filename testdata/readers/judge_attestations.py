"""Checks what inlay says of an image by the libraries of those who have specified it.

judge_attestations.py statement FILE: in-toto's own types, with no member that they do not know, and
their checks of subjects and digests; the predicate is SLSA's. judge_attestations.py bom FILE:
CycloneDX 1.6, by the official JSON schema, strictly. judge_attestations.py spdx FILE: the classes
that SPDX makes of its model (3.0.1), and that all that is named is there. Package URLs are read and written again by
packageurl-python, which has to give the same text. Prints the first fault and exits with 1.
"""

import json
import pathlib
import sys

from packageurl import PackageURL


def fail(text):
    print(text)
    sys.exit(1)


def check_purl(text):
    again = PackageURL.from_string(text).to_string()
    if again != text:
        fail(f"the package URL {text} is written {again}")


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for member in value:
            yield from texts(member)
    elif isinstance(value, dict):
        for member in value.values():
            yield from texts(member)


def check_statement(document):
    from google.protobuf import json_format
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
    from in_toto_attestation.v1.statement import Statement
    from in_toto_attestation.v1 import statement_pb2

    statement = json_format.Parse(json.dumps(document), statement_pb2.Statement())
    Statement.copy_from_pb(statement).validate()
    provenance = json_format.Parse(
        json.dumps(document["predicate"]), provenance_pb2.Provenance()
    )
    if not provenance.build_definition.build_type or not provenance.run_details.builder.id:
        fail("there is no build type or no builder")
    for dependency in provenance.build_definition.resolved_dependencies:
        ResourceDescriptor.copy_from_pb(dependency).validate()
    for dependency in provenance.run_details.builder.builder_dependencies:
        ResourceDescriptor.copy_from_pb(dependency).validate()


def check_bom(text):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        fail(str(fault)[:2000])


def check_spdx(path):
    from spdx_python_model import v3_0_1

    objects = v3_0_1.SHACLObjectSet()
    with open(path, encoding="utf-8") as file:
        v3_0_1.JSONLDDeserializer().read(file, objects)
    missing = objects.link()
    if missing:
        fail(f"nothing has the name {sorted(missing)[0]}")
    for each in objects.foreach():
        for name in each:  # what was written is of the class, and has all that the class demands
            each[name]
    v3_0_1.JSONLDSerializer().serialize_data(objects)


def main():
    kind, path = sys.argv[1:]
    text = pathlib.Path(path).read_text(encoding="utf-8")
    document = json.loads(text)
    if kind == "statement":
        check_statement(document)
    elif kind == "spdx":
        check_spdx(path)
    else:
        check_bom(text)
    for each in texts(document):
        if each.startswith("pkg:"):
            check_purl(each)


main()
