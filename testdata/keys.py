#!/usr/bin/env python3
"""Types at the prompt of a shell on a terminal of its own, as a person does.

    keys.py MARK COMMAND... <LINES

COMMAND is an interactive shell whose prompt ends with "READY> ". Each line of standard input is typed once the
prompt is there, with "<TAB>" for that key; it has to print MARK when it is run. Then the shell is told to exit. Prints
what the terminal showed, without control sequences. Status 1 if the shell does not answer within a minute.
"""
import fcntl, os, pty, re, select, signal, struct, sys, termios, time

CONTROL = re.compile(r'\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b[\[(][0-9;?>=]*[A-Za-z]|\x1b[=>]|[\x00-\x08\x0e-\x1f]')
mark, command, lines = sys.argv[1], sys.argv[2:], sys.stdin.read().splitlines()
shown = ''
pid, master = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', 50, 200, 0, 0))


def read(timeout):
    """Whether something came; None at the end."""
    global shown
    if not select.select([master], [], [], timeout)[0]:
        return False
    try:
        data = os.read(master, 65536)
    except OSError:
        return None
    shown += data.decode('utf-8', 'replace')
    return True if data else None


def wait_for(is_there, what):
    deadline = time.monotonic() + 60
    while not is_there(CONTROL.sub('', shown)):
        if read(0.1) is None or time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            sys.exit(f'no {what}; the terminal shows:\n{CONTROL.sub("", shown)}')


def has_prompt(text):
    return text.rstrip(' \r\n').endswith('READY>') and not read(0.2)


for count, line in enumerate(lines):
    wait_for(has_prompt, 'prompt')
    os.write(master, line.replace('<TAB>', '\t').encode() + b'\r')
    wait_for(lambda text: text.count(mark) > count, f'answer to {line}')
wait_for(has_prompt, 'prompt')
os.write(master, b'exit\r')
while read(5):
    pass
os.kill(pid, signal.SIGHUP)
os.waitpid(pid, 0)
print(CONTROL.sub('', shown))
