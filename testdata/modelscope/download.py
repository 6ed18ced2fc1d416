"""Downloads a model as the Python clients of ModelScope do: download.py ID REVISION FOLDER.

The newer of the two packages that is there is taken. The older one knows https only, which is not
what is tested.
"""

import sys

model, revision, folder = sys.argv[1:]
try:
    from modelscope_hub.compat.snapshot_download import snapshot_download
except ModuleNotFoundError:
    from modelscope.hub import api
    from modelscope.hub.snapshot_download import snapshot_download

    api.MODELSCOPE_URL_SCHEME = "http://"
print(snapshot_download(model, revision=revision, local_dir=folder))
