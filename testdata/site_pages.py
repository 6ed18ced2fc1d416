#!/usr/bin/env python3
"""Writes the configuration of the site, and adds what pages refer to.

    site_pages.py ROOT WORK

Reads ROOT/docs/site.yml and WORK/pages, writes WORK/mkdocs.yml: the page of tasks becomes a section, with a title and
links for each of its tables; pages that are not named stand under the last title. Files of the repository that pages
link to and that are no pages are copied beside them.
"""
import pathlib, re, shutil, sys
import yaml

root, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
pages = work / 'pages'
TASKS = 'docs/tasks/README.md'


def tasks():
    """[{title: [{question: page}]}] out of the tables."""
    sections = ['docs/tasks/README.md']
    rows = (root / TASKS).read_text().splitlines()
    for number, row in enumerate(rows):
        cells = [cell.strip() for cell in row.strip('|').split('|')]
        link = re.fullmatch(r'\[(.*)\]\(([^)]*)\)', cells[0])
        if row.startswith('|') and rows[number + 1].startswith('| ---'):
            title = cells[0][:1].upper() + cells[0][1:]
            sections.append({title: []})
        elif row.startswith('|') and link:
            next(iter(sections[-1].values())).append({link[1]: f'docs/tasks/{link[2]}'})
    return {'By task': sections}


def named(items):
    for item in items:
        for value in item.values() if isinstance(item, dict) else [item]:
            yield from named(value) if isinstance(value, list) else [value]


config = yaml.safe_load((root / 'docs/site.yml').read_text())
config['nav'] = [tasks() if item == TASKS else item for item in config['nav']]
known = set(named(config['nav']))
rest = sorted(path.relative_to(pages).as_posix() for path in pages.rglob('*.md'))
next(iter(config['nav'][-1].values())).extend(page for page in rest if page not in known)
(work / 'mkdocs.yml').write_text(yaml.safe_dump(config, sort_keys=False))

for page in rest:
    text = (pages / page).read_text()
    # GitHub wants a bar in the code of a table escaped, mkdocs shows the escape.
    rows = [re.sub(r'`[^`]*`', lambda code: code[0].replace('\\|', '|'), row) if row.startswith('|') else row
            for row in text.split('\n')]
    (pages / page).write_text('\n'.join(rows))
    for target in re.findall(r'\]\(([^)#:]+)', text):
        path = (root / page).parent.joinpath(target).resolve()
        if path.is_file() and not (pages / path.relative_to(root)).exists():
            (pages / path.relative_to(root)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, pages / path.relative_to(root))
