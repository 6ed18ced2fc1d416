#!/usr/bin/env python3
"""Follows the links of pages, and says which lead nowhere.

    check_links.py markdown ROOT FILE...   pages as GitHub shows them, from the folder ROOT
    check_links.py site DIR                a built site

Files and anchors have to be there. In a site nothing that a browser loads by itself comes from another host, pages are
reached from the first one, and no list or table has become a paragraph. Prints a line for each fault; status 1 if there are some.
"""
import html.parser, pathlib, re, sys, urllib.parse

faults = []


def is_outside(link):
    return re.match(r'[a-z][a-z0-9+.-]*:|//', link) is not None


# Of a heading, as GitHub makes it: https://docs.github.com/en/get-started/writing-on-github
def slugs(lines):
    seen = {}
    for line in lines:
        heading = re.match(r'#+ +(.*?)(?: +#+)?$', line)
        if not heading:
            continue
        text = re.sub(r'!?\[([^]]*)\]\([^)]*\)', r'\1', heading[1])
        slug = re.sub(r'[^\w\- ]', '', text.lower().strip()).replace(' ', '-')
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        yield slug if count == 0 else f'{slug}-{count}'


def markdown_lines(path):
    """Without blocks of code."""
    fenced = False
    for line in path.read_text().splitlines():
        if re.match(r' {0,3}(```|~~~)', line):
            fenced = not fenced
        elif not fenced and not line.startswith('    '):
            yield line


def check_markdown(root, names):
    anchors = {}
    for name in names:
        path = (root / name).resolve()
        text = re.sub(r'`+[^`]*`+', '', '\n'.join(markdown_lines(path)))
        for link in re.findall(r'\]\(\s*<?([^)\s>]+)>?[^)]*\)', text) + re.findall(r'^\[[^]]+\]: +(\S+)', text, re.M):
            if is_outside(link):
                continue
            target, _, anchor = link.partition('#')
            goal = (path.parent / urllib.parse.unquote(target)).resolve() if target else path
            if not goal.exists() or not goal.is_relative_to(root.resolve()):
                faults.append(f'{name}: {link}: there is no such file')
            elif anchor and goal.suffix == '.md':
                if goal not in anchors:
                    anchors[goal] = set(slugs(markdown_lines(goal)))
                if anchor not in anchors[goal]:
                    faults.append(f'{name}: {link}: there is no such heading')
            elif anchor:
                faults.append(f'{name}: {link}: an anchor in what is no page')


class Page(html.parser.HTMLParser):
    LOADED = {'link': 'href', 'script': 'src', 'img': 'src', 'iframe': 'src', 'source': 'src', 'object': 'data'}

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loaded, self.texts, self.open = set(), [], [], [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if given.get('id'):
            self.ids.add(given['id'])
        if tag == 'a' and given.get('name'):
            self.ids.add(given['name'])
        if tag == 'a' and given.get('href') is not None:
            self.links.append(given['href'])
        if tag in self.LOADED and given.get(self.LOADED[tag]) and given.get('rel') != 'canonical':
            self.loaded.append(given[self.LOADED[tag]])
        if tag == 'p':
            self.texts.append('')
        if tag in ('p', 'code'):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == 'p':
            self.texts[-1] += data


def check_site(folder):
    pages = {path.resolve(): Page(path) for path in sorted(folder.rglob('*.html'))}
    reached = set()
    for path, page in pages.items():
        name = path.relative_to(folder.resolve())
        for link in page.links + page.loaded:
            if is_outside(link):
                if link in page.loaded and not link.startswith('data:'):
                    faults.append(f'{name}: {link}: comes from another host')
                continue
            target, _, anchor = link.partition('#')
            target = urllib.parse.unquote(target.partition('?')[0])
            base = folder.resolve() / target.lstrip('/') if target.startswith('/') else path.parent / target
            goal = base.resolve() if target else path
            goal = goal / 'index.html' if goal.is_dir() else goal
            if not goal.exists() or not goal.is_relative_to(folder.resolve()):
                faults.append(f'{name}: {link}: there is no such file')
                continue
            if goal != path:
                reached.add(goal)
            if anchor and goal in pages and anchor not in pages[goal].ids and not anchor.startswith('__'):
                faults.append(f'{name}: {link}: there is no such anchor')
        for text in page.texts:
            for line in text.splitlines()[1:]:
                if re.match(r'[-*] +\S|\|', line):
                    faults.append(f'{name}: a list or table that is shown as text: {line[:60]}')
    for path in pages:
        if path not in reached and path.name not in ('404.html',):
            faults.append(f'{path.relative_to(folder.resolve())}: nothing leads there')
    for path in folder.rglob('*.css'):
        for link in re.findall(r'url\(["\']?(https?:)?//|@import', path.read_text()):
            faults.append(f'{path.relative_to(folder)}: {link}: comes from another host')


if sys.argv[1] == 'markdown':
    check_markdown(pathlib.Path(sys.argv[2]), sys.argv[3:])
else:
    check_site(pathlib.Path(sys.argv[2]))
print('\n'.join(faults))
sys.exit(1 if faults else 0)
