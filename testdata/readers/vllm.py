#!/usr/bin/env python3
"""Stands in for vLLM, which needs a GPU's torch: `vllm serve MODEL`, as far as the command line and the
loading go. It loads with transformers, which vLLM reads configuration and tokenizer by, and answers
/v1/completions with one more word.
"""
import argparse
import json
from http.server import BaseHTTPRequestHandler, HTTPServer


def read_arguments():
    parser = argparse.ArgumentParser(prog="vllm")
    commands = parser.add_subparsers(required=True)
    serve = commands.add_parser("serve")
    serve.add_argument("model")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument("--served-model-name")
    serve.add_argument("--max-model-len", type=int, default=32)
    return parser.parse_args()


def main():
    arguments = read_arguments()
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.model)
    model = transformers.AutoModelForCausalLM.from_pretrained(arguments.model)
    name = arguments.served_model_name or arguments.model

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = tokenizer(request["prompt"], return_tensors="pt").input_ids[:, : arguments.max_model_len]
            word = tokenizer.decode(model(found).logits[0, -1].argmax())
            body = json.dumps({"model": name, "choices": [{"text": word}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    HTTPServer(("127.0.0.1", arguments.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
