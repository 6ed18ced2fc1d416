#!/bin/bash
# A crash leaves no core dump, and nobody but root reads the memory of a run, though he be the user who has started it.
. "$(dirname "$0")/../../testdata/lib.sh"

export HOME=$TEST_DIR/home
cd "$TEST_DIR" || exit
mkdir -m 777 home cores
chmod 755 "$TEST_DIR"
install -m 755 "$INLAY" "$TEST_DIR/inlay"

# A hub that takes requests and says nothing.
cat >silent.mjs <<'JS'
import { writeFileSync } from 'node:fs';
import net from 'node:net';
const server = net.createServer((socket) => {
    socket.on('error', () => {}).on('data', () => writeFileSync(process.argv[2] + '.asked', ''));
});
server.listen(0, '127.0.0.1', () => writeFileSync(process.argv[2], String(server.address().port)));
JS
start_server silent.log node silent.mjs "$TEST_DIR/hub"
wait_until silent.log test -s hub
hub=127.0.0.1:$(cat hub)

# SIGNAL PROGRAM...: starts the program where core dumps are written, waits until the hub is asked, looks at it as a debugger of
# the same user would, ends it by the signal, and says what it came to, as JSON.
cat >watch.py <<'PY'
import ctypes, json, os, resource, subprocess, sys, time
PTRACE_SEIZE = 0x4206
asked, number, program = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
os.chdir("cores")
process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while not os.path.exists(asked):
    if process.poll() is not None:
        sys.exit(f"it has ended with {process.returncode}")
    time.sleep(0.05)

def readable(name):
    try:
        with open(f"/proc/{process.pid}/{name}", "rb") as file:
            if name != "mem":
                return len(file.read()) > 0
            with open(f"/proc/{process.pid}/maps") as maps:
                file.seek(int(maps.readline().split("-")[0], 16))
            return len(file.read(16)) == 16
    except OSError:
        return False

def attaches():
    child = os.fork()  # which lets go when it ends
    if child == 0:
        os._exit(0 if ctypes.CDLL(None).ptrace(PTRACE_SEIZE, process.pid, None, None) == 0 else 1)
    return os.waitpid(child, 0)[1] == 0

found = {name: readable(name) for name in ("mem", "maps", "environ")}
found["attached"] = attaches()
os.kill(process.pid, number)
_, status = os.waitpid(process.pid, 0)
found["signal"] = os.WTERMSIG(status)
found["dumped"] = os.WCOREDUMP(status)
found["files"] = len(os.listdir("."))
print(json.dumps(found))
PY

# watched SIGNAL [VARIABLE=VALUE...]: what watch.py says, as an ordinary user
watched() {
    local number=$1 as=()
    shift
    [ "$(id -u)" != 0 ] || as=(setpriv --reuid=1000 --regid=1000 --clear-groups)
    rm -f hub.asked cores/*
    "${as[@]}" env "$@" HF_ENDPOINT="http://$hub" python3 watch.py "$TEST_DIR/hub.asked" "$number" \
        "$TEST_DIR/inlay" plan scratch acme/tiny --timeout 100 --retries 0
}

export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}disable_coredump=0:handle_segv=0:handle_abort=0"
export TSAN_OPTIONS="${TSAN_OPTIONS:+$TSAN_OPTIONS:}disable_coredump=0:handle_segv=0:handle_abort=0"
for number in 6 11; do
    expect_json "$(watched $number)" . \
        '{"mem":false,"maps":false,"environ":false,"attached":false,"signal":'$number',"dumped":false,"files":0}'
done

# What was looked for can be found, where it is asked for.
expect_json "$(watched 6 INLAY_DEBUG=1)" '[.mem, .maps, .environ, .attached, .signal]' '[true,true,true,true,6]'
