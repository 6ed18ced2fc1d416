"""Layers of models as tars, for rules_oci: oci_image(base = …, tars = [":e5"])."""

# "$1" is the program, "$2" takes the document that says what the layers are; the rest are arguments.
_COMMAND = """
set -eu
inlay=$1 document=$2
shift 2
exec "$inlay" layer "$@" >"$document"
"""

def _layers(ctx):
    name = ctx.label.name
    width = len(str(ctx.attr.count))
    names = [name + ".tar"]
    if ctx.attr.count > 1:
        names = ["%s.%s.tar" % (name, ("0" * width + str(i + 1))[-width:]) for i in range(ctx.attr.count)]
    tars = [ctx.actions.declare_file(each) for each in names]
    document = ctx.actions.declare_file(name + ".json")
    program = ctx.executable.inlay
    ctx.actions.run_shell(
        outputs = tars + [document],
        tools = [program],
        command = _COMMAND,
        arguments = [program.path, document.path] + ctx.attr.models + ctx.attr.options +
                    ["-o", "%s/%s.tar" % (document.dirname, name)],
        execution_requirements = {"requires-network": "1"},
        mnemonic = "Inlay",
        progress_message = "Layers of %s" % ", ".join(ctx.attr.models),
        use_default_shell_env = True,
    )
    return [DefaultInfo(files = depset(tars)), OutputGroupInfo(document = depset([document]))]

inlay_layers = rule(
    implementation = _layers,
    attrs = {
        "models": attr.string_list(mandatory = True, doc = "each at a commit, so that the layers are the same every time"),
        "options": attr.string_list(doc = "of 'inlay layer', such as --base=IMAGE"),
        "count": attr.int(mandatory = True, doc = "how many layers there are, as 'inlay layer' says; others are an error"),
        "inlay": attr.label(default = "@inlay//:bin/inlay", executable = True, cfg = "exec", allow_single_file = True),
    },
)
