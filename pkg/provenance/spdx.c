#include "provenance/provenance_internal.h"

#include <string.h>

/*
 * Licences that the Hub's cards name and that are on SPDX's list, by their identifiers there
 * (huggingface.co/docs/hub/repositories-licenses, spdx.org/licenses). Others have a name alone.
 */
static const char *const identifiers[] = {
    "AFL-3.0",
    "AGPL-3.0",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSD-3-Clause-Clear",
    "BSL-1.0",
    "C-UDA-1.0",
    "CC-BY-2.0",
    "CC-BY-2.5",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-NC-2.0",
    "CC-BY-NC-3.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-ND-3.0",
    "CC-BY-NC-ND-4.0",
    "CC-BY-NC-SA-2.0",
    "CC-BY-NC-SA-3.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-ND-4.0",
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "CDLA-Permissive-1.0",
    "CDLA-Permissive-2.0",
    "CDLA-Sharing-1.0",
    "ECL-2.0",
    "EPL-1.0",
    "EPL-2.0",
    "etalab-2.0",
    "EUPL-1.1",
    "EUPL-1.2",
    "GPL-2.0",
    "GPL-3.0",
    "ISC",
    "LGPL-2.1",
    "LGPL-3.0",
    "LGPLLR",
    "LPPL-1.3c",
    "MIT",
    "MPL-2.0",
    "MS-PL",
    "NCSA",
    "ODbL-1.0",
    "ODC-By-1.0",
    "OFL-1.1",
    "OSL-3.0",
    "PDDL-1.0",
    "PostgreSQL",
    "Unlicense",
    "WTFPL",
    "Zlib",
};

/* Those that the Hub spells in another way than in lower case. */
static const struct {
    const char *hub, *spdx;
} spellings[] = {
    {"c-uda", "C-UDA-1.0"},   {"lgpl-lr", "LGPLLR"}, {"odbl", "ODbL-1.0"},
    {"odc-by", "ODC-By-1.0"}, {"pddl", "PDDL-1.0"},
};

const char *spdx_identifier(const char *license)
{
    for (size_t i = 0; i < ARRAY_SIZE(spellings); i++)
        if (text_equal_fold(license, spellings[i].hub))
            return spellings[i].spdx;
    for (size_t i = 0; i < ARRAY_SIZE(identifiers); i++)
        if (text_equal_fold(license, identifiers[i]))
            return identifiers[i];
    return NULL;
}

void spdx_split(const struct plan *plan, struct strings *out)
{
    CLEANUP(text) char *words = text_copy(plan->license);

    for (char *word = words, *next; word != NULL; word = next) {
        next = strstr(word, ", ");
        if (next != NULL) {
            *next = '\0';
            next += strlen(", ");
        }
        strings_add(out, word);
    }
}

const char *spdx_name(const struct plan *plan, const char *license)
{
    return strcmp(license, "other") == 0 && plan->license_name != NULL ? plan->license_name
                                                                       : license;
}
