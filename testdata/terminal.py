#!/usr/bin/env python3
"""Runs a command on a terminal of its own and judges what it draws there.

    terminal.py [--interrupt] WIDTH[,WIDTH...] COMMAND...

The terminal has the first width, and the next one every quarter of a second, round and round. It
knows what a progress display needs: line feed, carriage return, cursor up, and erasing; where it has one width, a line
that is longer goes on in the next one. --interrupt types Ctrl-C, which the terminal echoes, when three lines are drawn.
Prints JSON:
    status   of the command
    over     lines that were longer than the terminal was when they were written
    most     how many lines were drawn anew at once
    screen   what is left on the terminal, line by line
    seen     all texts that were written, by lines
"""
import fcntl, json, os, pty, re, select, signal, struct, sys, termios, time

is_typing = sys.argv[1] == '--interrupt'
if is_typing:
    del sys.argv[1]
widths = [int(width) for width in sys.argv[1].split(',')]
pid, master = pty.fork()
if pid == 0:
    time.sleep(0.2)
    os.execvp(sys.argv[2], sys.argv[2:])


def resize(width):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', 24, width, 0, 0))


TOKEN = re.compile(r'\x1b\[(\d*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)|(\x1b)')
screen, row, column, over, most, seen = [''], 0, 0, [], 0, []
number, width = 0, widths[0]
resize(width)
until = time.monotonic() + 0.25
pending = b''
while True:
    ready, _, _ = select.select([master], [], [], 0.05)
    if time.monotonic() > until and len(widths) > 1:
        number, until = number + 1, time.monotonic() + 0.25
        resize(widths[number % len(widths)])
        width = max(width, widths[number % len(widths)]) if ready else widths[number % len(widths)]
    if not ready:
        width = widths[number % len(widths)]
        continue
    try:
        data = os.read(master, 65536)
    except OSError:
        break
    if not data:
        break
    pending += data
    text = pending.decode('utf-8', 'ignore')
    pending = b'' if data[-1] < 0x80 else pending if len(pending) < 4 else b''
    for match in TOKEN.finditer(text):
        count, letter, back, feed, words, _ = match.groups()
        if words is not None:
            for letter in words:
                if len(widths) == 1 and column == width:
                    row, column = row + 1, 0
                    screen += [''] * (row + 1 - len(screen))
                screen[row] = screen[row][:column].ljust(column) + letter + screen[row][column + 1:]
                column += 1
            seen.append(words)
            if column > width and '%' in words[:5]:
                over.append(words)
        elif back:
            column = 0
        elif feed:
            row += 1
            if row == len(screen):
                screen.append('')
        elif letter == 'A':
            row = max(0, row - int(count or 1))
            most = max(most, int(count or 1) + 1)
            if is_typing and most >= 3:
                os.write(master, b'\x03')
                is_typing = False
        elif letter == 'K':
            screen[row] = screen[row][:column]
        elif letter == 'J':
            screen[row] = screen[row][:column]
            del screen[row + 1:]
_, status = os.waitpid(pid, 0)
json.dump({'status': os.waitstatus_to_exitcode(status), 'over': over, 'most': most,
           'screen': screen, 'seen': seen}, sys.stdout)
