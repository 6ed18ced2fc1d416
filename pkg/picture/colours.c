#include "picture/picture_internal.h"

static const char light[] =
    "--page:#fff;--ink:#1b2430;--soft:#5a6676;--line:#d3d9e1;--panel:#f5f7fa;--on:#fff;"
    "--base:#b9c3cf;--on-base:#1b2430;--image:#64748b;--m0:#2563c9;--m1:#0b7a66;--m2:#a9590a;"
    "--m3:#7b45c4;--m4:#b33762;--m5:#4b7310;--new:#12703f;--reused:#5a6676;--replaced:#b3261e";
static const char dark[] =
    "--page:#11161d;--ink:#e6ebf2;--soft:#9aa6b6;--line:#2d3745;--panel:#181f29;--on:#0b1016;"
    "--base:#465364;--on-base:#e6ebf2;--image:#8494a9;--m0:#6ea3f7;--m1:#3fbfa4;--m2:#e39b4a;"
    "--m3:#b48bf0;--m4:#ee7fa4;--m5:#98c24f;--new:#58c98b;--reused:#9aa6b6;--replaced:#ff8a80";

void picture_add_colours(struct buf *out, const char *root)
{
    buf_addf(out, "%s{%s;color-scheme:light dark}\n", root, light);
    buf_addf(out, "@media (prefers-color-scheme:dark){%s{%s}}\n", root, dark);
    buf_addf(out, "@media print{%s{%s;color-scheme:light}}\n", root, light);
    for (unsigned i = 0; i < PICTURE_COLOURS; i++)
        buf_addf(out, ".m%u{--fill:var(--m%u);--text:var(--on)}\n", i, i);
    buf_add_text(out, ".image{--fill:var(--image);--text:var(--on)}\n"
                      ".base{--fill:var(--base);--text:var(--on-base)}\n");
}
